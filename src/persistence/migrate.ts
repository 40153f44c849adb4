import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

// Any number will do, as long as it is ours: instances that start together queue up behind it.
const MIGRATION_LOCK = 7_405_301_118;
const MIGRATION_TIMEOUT_MS = 600_000;

/**
 * Brings the schema up to date. Several instances may call it at once: they take turns, and all but the
 * first find nothing to do. The lock belongs to a transaction, so it holds behind a transaction pooler too.
 * @returns how many migrations ran.
 */
export async function migrate(url: string): Promise<number> {
  const dataSource = new DataSource(dataSourceOptions(url, MIGRATION_TIMEOUT_MS));
  await dataSource.initialize();
  const guard = dataSource.createQueryRunner();
  try {
    await guard.startTransaction();
    await guard.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const done = await dataSource.runMigrations({ transaction: 'each' });
    await guard.commitTransaction();
    return done.length;
  } finally {
    await guard.release();
    await dataSource.destroy();
  }
}
