import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../scripts/servers/postgres.mjs';
import { migrate } from '../../src/persistence/migrate.js';
import { temporaryFolder } from './temporary-folder.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated database that test databases are copied from; nobody connects to it. */
    templateUrl: string;
  }
}

/** One Postgres for the whole run; each test file has a database of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder();
  const settings = {
    // Nothing of it outlives the run, so nothing has to survive a power cut.
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  };
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), settings });
  await migrate(server.url);
  project.provide('templateUrl', server.url);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
