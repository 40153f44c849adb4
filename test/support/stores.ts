import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import { startPostgres } from '../../scripts/servers/postgres.mjs';
import { startRedis } from '../../scripts/servers/redis.mjs';
import { temporaryFolder } from './temporary-folder.js';

export interface TestDatabase {
  readonly url: string;
  /** Runs one statement and gives its rows. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/** A migrated database of the calling test file's own, removed when the file has ended. */
export const createDatabase = (): Promise<TestDatabase> =>
  newDatabase(new URL(inject('templateUrl')).pathname.slice(1));

/** The same without a table in it. */
export const createEmptyDatabase = (): Promise<TestDatabase> => newDatabase('template0');

async function newDatabase(template: string): Promise<TestDatabase> {
  const own = new URL(inject('templateUrl'));
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const maintenance = new URL(own);
  maintenance.pathname = '/postgres';
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: maintenance.href });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await run(`create database ${name} template ${template}`);

  own.pathname = `/${name}`;
  const database = connectTo(own.href);
  afterAll(() => run(`drop database ${name} with (force)`));
  return database;
}

/** A database that is there already. */
export function connectTo(url: string): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);
  afterAll(() => pool.end());
  return {
    url,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await pool.query<Row>(sql, values)).rows,
  };
}

export type TestPostgres = Awaited<ReturnType<typeof startPostgres>>;

/** A Postgres of the calling test file's own, to be stopped and killed; its database is empty. */
export async function createPostgres(): Promise<TestPostgres> {
  const folder = await temporaryFolder();
  const server = await startPostgres({ dataDir: join(folder, 'postgres') });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return server;
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
