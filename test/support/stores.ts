import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import { startRedis } from '../../scripts/servers/redis.mjs';
import { temporaryFolder } from './temporary-folder.js';

export interface TestDatabase {
  readonly url: string;
  /** Runs one statement and gives its rows. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/** A migrated database of the calling test file's own, removed when the file has ended. */
export async function createDatabase(): Promise<TestDatabase> {
  const template = new URL(inject('templateUrl'));
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const maintenance = new URL(template);
  maintenance.pathname = '/postgres';
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: maintenance.href });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await run(`create database ${name} template ${template.pathname.slice(1)}`);

  const own = new URL(template);
  own.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: own.href, max: 3 });
  pool.on('error', () => undefined);
  afterAll(async () => {
    await pool.end();
    await run(`drop database ${name} with (force)`);
  });
  return {
    url: own.href,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await pool.query<Row>(sql, values)).rows,
  };
}

export type TestRedis = Awaited<ReturnType<typeof startRedis>>;

/** A Redis of the calling test file's own, stopped when the file has ended. */
export async function createRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const folder = await temporaryFolder();
  const server = await startRedis({ dataDir: join(folder, 'redis'), settings });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return server;
}
