import pg, { type PoolClient } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  BUCKETS,
  cohortsOf,
  sourceTopicsOf,
  usageOf,
} from '../../src/persistence/figures.statements.js';
import { keywordsOf } from '../../src/persistence/keyword.statements.js';
import { openArchive } from '../support/archive.js';
import { archiveConversation } from '../support/figures.js';
import { createDatabase } from '../support/stores.js';

const RANGE = { fromMs: Date.parse('2026-11-01T00:00Z'), toMs: Date.parse('2026-11-30T00:00Z') };
const LIMITS = { minUsers: 5, maxTopics: 20 };
const INDEX_ONLY = /Index Only Scan using conversation_messages_timestamp_idx/;
// With a handful of rows they cost the same.
const EITHER = /Index Only Scan using conversation_messages_(timestamp|sources)_idx/;
const SOURCES_INDEX_ONLY = /Index Only Scan using conversation_messages_sources_idx/;

const database = await createDatabase();
const client = new pg.Client({ connectionString: database.url });

beforeAll(async () => {
  const archive = await openArchive(database.url);
  await archiveConversation(archive, 'somebody', [{ at: '2026-11-02T00:00:00Z' }]);
  await database.query('vacuum analyze conversation_messages');
  await client.connect();
  // Of few rows it would read the whole table.
  await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
});
afterAll(() => client.end());

/** How Postgres goes about the statement that the work sends. */
async function planOf(work: (client: PoolClient) => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const explaining = {
    query: async (sql: string, values: unknown[]) => {
      const { rows } = await client.query<Record<string, string>>(`explain ${sql}`, values);
      lines.push(...rows.map((row) => row['QUERY PLAN']!));
      return { rows: [] };
    },
  };
  await work(explaining as unknown as PoolClient);
  return lines.join('\n');
}

it.each(BUCKETS)('counts usage by %s without reading a turn', async (bucket) => {
  expect(await planOf((explaining) => usageOf(explaining, RANGE, bucket))).toMatch(INDEX_ONLY);
});

it('counts sources without reading a turn', async () => {
  const plan = await planOf((explaining) => sourceTopicsOf(explaining, RANGE, LIMITS));
  expect(plan).toMatch(SOURCES_INDEX_ONLY);
});

it('counts phrases without reading more turns than it shows phrases', async () => {
  const plan = await planOf((explaining) => keywordsOf(explaining, RANGE, LIMITS));
  expect(plan).toMatch(/Index Only Scan using conversation_messages_topics_idx/);
  expect(plan).not.toMatch(/Seq Scan on conversation_messages/);
});

it('counts cohorts without reading a turn', async () => {
  expect(await planOf((explaining) => cohortsOf(explaining, RANGE))).toMatch(EITHER);
});

it('takes a turn with as many long sources as an answer may cite', async () => {
  const archive = await openArchive(database.url);
  const sources = Array.from({ length: 4 }, (_, index) => `${index}`.repeat(200));
  const at = '2026-11-03T00:00:00Z';
  const id = await archiveConversation(archive, null, [{ at, sources }]);
  const rows = await database.query(
    'select 1 from conversation_messages where conversation_id = $1',
    [id],
  );
  expect(rows).toHaveLength(1);
});
