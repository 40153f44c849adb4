import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { createDatabase, createRedis, type TestDatabase } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const BUILT = fileURLToPath(new URL('../../dist/src/', import.meta.url));
const run = promisify(execFile);

let database: TestDatabase;
let stores: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase();
  const redis = await createRedis();
  stores = { DATABASE_URL: database.url, REDIS_URL: redis.url };
});

const tool = (script: string, ...args: string[]) =>
  run(process.execPath, [join(BUILT, script), ...args], { env: stores });

it('imports papers from a file, and counts its bad lines', async () => {
  const file = join(await temporaryFolder(), 'papers.jsonl');
  const paper = {
    id: 'somebody-2026',
    title: 'A paper',
    authors: ['Some Body'],
    year: 2026,
    url: 'https://example.org/paper',
    text: 'A paper that somebody wrote says something about gardening. '.repeat(5),
  };
  await writeFile(file, `${JSON.stringify(paper)}\n{"id": 1}\n`);

  const { stdout } = await tool('answer/papers/import.cli.js', file);

  expect(stdout).toContain('imported 1 paper (1 new, 0 updated), 1 bad line');
  expect(await database.query("select title from papers where id = 'somebody-2026'")).toEqual([
    { title: 'A paper' },
  ]);
});

it('verifies both stores, and says what it found', async () => {
  const { stdout } = await tool('sync/verify.cli.js');
  expect(stdout).toContain('0 violations');
});
