import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Environment } from '../config/environment.js';
import { dataSourceOptions } from './data-source.js';
import { Database } from './database.js';

/** Whoever is called so is nobody: by this demo data is told from all other. */
export const DEMO_OWNER = 'demo:';

const IS_DEMO = `user_id >= '${DEMO_OWNER}' and user_id < 'demo;'`;
// A batch's turns go with it: well below the timeout of a statement.
const BATCH_CONVERSATIONS = 500;
const VACUUM_TIMEOUT_MS = 600_000;

/** Conversations that nobody had, for whoever wants to see the service full. */
@Injectable()
export class DemoData {
  constructor(
    private readonly database: Database,
    private readonly environment: Environment,
  ) {}

  /** Whether the archive has conversations of anybody else. */
  async hasOthers(): Promise<boolean> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ found: boolean }[]>(
        `select exists (select from conversation_sessions
          where erased_at is null and (user_id is null or not (${IS_DEMO}))) as found`,
      ),
    );
    return row!.found;
  }

  /** How many demo conversations there are. */
  async count(): Promise<number> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ count: string }[]>(
        `select count(*) from conversation_sessions where erased_at is null and ${IS_DEMO}`,
      ),
    );
    return Number(row!.count);
  }

  /** Removes some demo conversations with their turns, without a tombstone. @returns how many; 0: none is left. */
  async removeSome(): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rowCount } = await client.query(
        `delete from conversation_sessions where conversation_id in
           (select conversation_id from conversation_sessions
             where erased_at is null and ${IS_DEMO} limit ${BATCH_CONVERSATIONS})`,
      );
      return rowCount ?? 0;
    });
  }

  /** Figures are counted from an index alone only where Postgres knows that all rows of a page are visible. */
  async vacuum(): Promise<void> {
    const options = dataSourceOptions(this.environment.databaseUrl, VACUUM_TIMEOUT_MS);
    const source = await new DataSource(options).initialize();
    try {
      await source.query('vacuum (analyze) conversation_messages');
      await source.query('vacuum (analyze) conversation_sessions');
    } finally {
      await source.destroy();
    }
  }
}
