import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll } from 'vitest';
import { startPostgres } from '../../scripts/servers/postgres.mjs';
import { connectTo, type TestDatabase, type TestPostgres } from './stores.js';
import { temporaryFolder } from './temporary-folder.js';

/** A streaming replica of a Postgres of the calling test file's own; stopped when the file has ended. */
export async function createReplica(primary: TestPostgres): Promise<TestDatabase> {
  const folder = await temporaryFolder();
  const dataDir = join(folder, 'postgres');
  await backUp(primary, dataDir);
  const { hostname, port, username, password } = new URL(primary.url);
  const source = `host=${hostname} port=${port} user=${username} password=${password}`;
  const server = await startPostgres({ dataDir, settings: { primary_conninfo: source } });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return connectTo(server.url);
}

/** As pg_basebackup does it. */
async function backUp({ url }: TestPostgres, dataDir: string): Promise<void> {
  // A backup belongs to the connection that began it.
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const folder = await client.query<{ data_directory: string }>('show data_directory');
    await client.query(`select pg_backup_start('replica', true)`);
    await cp(folder.rows[0]!.data_directory, dataDir, { recursive: true });
    const stopped = await client.query<{ labelfile: string }>(
      'select * from pg_backup_stop(false)',
    );
    await rm(join(dataDir, 'postmaster.pid'));
    await writeFile(join(dataDir, 'backup_label'), stopped.rows[0]!.labelfile);
    await writeFile(join(dataDir, 'standby.signal'), '');
  } finally {
    await client.end();
  }
}
