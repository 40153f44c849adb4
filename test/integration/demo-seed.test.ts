import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoConversations } from '../../src/analytics/demo/demo-conversations.js';
import { ShippedPapers } from '../../src/answer/papers/shipped-papers.js';
import { openArchive } from '../support/archive.js';
import { aKey } from '../support/encryption.js';
import { archiveConversation } from '../support/figures.js';
import { createDatabase, type TestDatabase } from '../support/stores.js';

const TOOL = fileURLToPath(new URL('../../dist/src/analytics/demo/seed.cli.js', import.meta.url));
const NOW = Date.parse('2026-11-24T12:30:00Z');
const DAY_MS = 86_400_000;
const TURNS = 2000;

const run = promisify(execFile);
const papers = await new ShippedPapers().all();
const month = (seed: number) => [...demoConversations({ turns: TURNS, seed, nowMs: NOW, papers })];

describe('demo conversations', () => {
  const conversations = month(1);
  const turns = conversations.flatMap((conversation) => conversation.turns);

  it('are the same ones for the same seed, and others for another', () => {
    expect(month(1)).toEqual(conversations);
    expect(month(2)[0]).not.toEqual(conversations[0]);
  });

  it('are as many turns as were asked for, in the last thirty days, each later than the one before', () => {
    expect(turns).toHaveLength(TURNS);
    expect(new Set(turns.map(({ id }) => id)).size).toBe(TURNS);
    for (const { turns: own } of conversations) {
      const times = own.map(({ createdAt }) => createdAt);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
    const times = turns.map(({ createdAt }) => createdAt);
    expect(Math.min(...times)).toBeGreaterThan(NOW - 31 * DAY_MS);
    expect(Math.max(...times)).toBeLessThanOrEqual(NOW);
  });

  it('say something about papers that are there, by day more than by night', () => {
    const known = new Set(papers.map(({ id }) => id));
    for (const { question, answer, sources } of turns) {
      expect(question.length).toBeGreaterThan(10);
      expect(answer).toMatch(/\[1\]/);
      expect(sources.length).toBeGreaterThan(0);
      expect(sources.filter((id) => !known.has(id))).toEqual([]);
    }
    const hours = turns.map(({ createdAt }) => new Date(createdAt).getUTCHours());
    const by = (from: number) => hours.filter((hour) => hour >= from && hour < from + 6).length;
    expect(by(12)).toBeGreaterThan(3 * by(0));
  });
});

describe('npm run seed:demo', () => {
  let database: TestDatabase;
  const seed = (args: readonly string[], variables: Record<string, string> = {}) =>
    run(process.execPath, [TOOL, '--turns', '300', ...args], {
      env: { DATABASE_URL: database.url, ...variables },
    });
  const counts = async () => {
    const [row] = await database.query<{ demo: number; others: number }>(
      `select count(*) filter (where user_id like 'demo:%')::integer as demo,
              count(*) filter (where user_id not like 'demo:%')::integer as others
         from conversation_messages join conversation_sessions using (conversation_id)`,
    );
    return row;
  };

  beforeAll(async () => {
    database = await createDatabase();
  });

  it('fills an empty archive, and takes the place of an earlier run', async () => {
    const { stdout } = await seed([]);
    expect(stdout).toMatch(/\d+ demo conversations of 300 turns added/);
    expect(await counts()).toEqual({ demo: 300, others: 0 });
    await seed(['--seed', '2']);
    expect(await counts()).toEqual({ demo: 300, others: 0 });
    const gaps = await database.query(
      `select conversation_id from conversation_messages join conversation_sessions using (conversation_id)
        group by conversation_id, turn_count having max(seq) <> count(*) or turn_count <> count(*)`,
    );
    expect(gaps).toEqual([]);
  });

  it('takes its own out again, and nothing else', async () => {
    const archive = await openArchive(database.url);
    await archiveConversation(archive, 'demonstrator', [{ at: '2026-11-01T00:00:00Z' }]);
    await archiveConversation(archive, null, [{ at: '2026-11-01T00:00:00Z' }]);
    expect(await counts()).toEqual({ demo: 300, others: 1 });
    const { stdout } = await seed(['--remove']);
    expect(stdout).toMatch(/\d+ demo conversations removed/);
    expect(await counts()).toEqual({ demo: 0, others: 1 });
  });

  it('does not touch an archive with conversations of others, unless told to', async () => {
    await expect(seed([])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--yes'),
    });
    expect(await counts()).toEqual({ demo: 0, others: 1 });
    await seed(['--yes']);
    expect(await counts()).toEqual({ demo: 300, others: 1 });
  });

  it('says how it is used when it does not understand', async () => {
    await expect(seed(['--turns', 'many'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('usage:'),
    });
  });

  it('seals what it says where there are keys', async () => {
    await seed(['--yes'], { ENCRYPTION_KEYS: aKey('a') });
    const plain = await database.query(
      `select from conversation_messages join conversation_sessions s using (conversation_id)
        where user_id like 'demo:%' and (conversation_messages.key_id is null or question like '% %' or s.title like '% %')`,
    );
    expect(plain).toEqual([]);
    expect(await counts()).toEqual({ demo: 300, others: 1 });
  });
});
