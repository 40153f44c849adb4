import { readdir } from 'node:fs/promises';
import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { migrate } from '../../src/persistence/migrate.js';
import { tablesOf } from '../support/archive-contents.js';
import { createDatabase, createEmptyDatabase } from '../support/stores.js';

const MIGRATION_FILE = /^\d{13}-[\w-]+\.ts$/;
const folder = new URL('../../migrations', import.meta.url);
const files = (await readdir(folder)).filter((name) => MIGRATION_FILE.test(name));

// Entities are read alone, without relations, so TypeORM knows no foreign key; and it takes gen_random_uuid()
// in the table for a generated column, and "changes" the default to the same one.
const NO_DIFFERENCE =
  /^ALTER TABLE "\w+" (DROP CONSTRAINT "\w+_conversation_id_fkey"|ALTER COLUMN "id" (DROP DEFAULT|SET DEFAULT gen_random_uuid\(\)))$/;

async function onDataSource<T>(url: string, work: (source: DataSource) => Promise<T>): Promise<T> {
  const source = new DataSource(dataSourceOptions(url));
  await source.initialize();
  return work(source).finally(() => source.destroy());
}

describe('migrations', () => {
  it('are all loaded, in the order of their files', async () => {
    const { url } = await createEmptyDatabase();
    const names = await onDataSource(url, async ({ migrations }) =>
      migrations.map((migration) => migration.constructor.name),
    );
    const times = names.map((name) => name.slice(-13));
    expect(times).toEqual(files.map((file) => file.slice(0, 13)).toSorted());
  });

  it('make the very tables that the entities describe', async () => {
    const { url } = await createDatabase();
    const { upQueries } = await onDataSource(url, (source) =>
      source.driver.createSchemaBuilder().log(),
    );
    const differences = upQueries.map(({ query }) => query);
    expect(differences.filter((query) => !NO_DIFFERENCE.test(query))).toEqual([]);
  });

  it('are applied once by three instances that start at once on an empty database', async () => {
    const database = await createEmptyDatabase();
    const counts = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, files.length]);
    const applied = await database.query('select name from schema_migrations');
    expect(applied).toHaveLength(files.length);
  });

  it('can be taken back one by one, and applied again', async () => {
    const database = await createEmptyDatabase();
    await migrate(database.url);
    const tables = await tablesOf(database);
    await onDataSource(database.url, async (source) => {
      for (const _ of files) await source.undoLastMigration();
    });
    expect(await tablesOf(database)).toEqual(['schema_migrations']);
    expect(await migrate(database.url)).toBe(files.length);
    expect(await tablesOf(database)).toEqual(tables);
  });
});
