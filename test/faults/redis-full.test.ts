import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { holdRows } from '../support/held-rows.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, someAtOnce } from '../support/load.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, expectVerified } from '../support/verified.js';

const CONVERSATIONS = 40;
const DIRTY = 10;
const EVICTED = 10;
const SQUEEZE_BYTES = 4096;
// So large that a few sessions weigh more than what the buffers of connections come to.
const LONG_ANSWER = { kind: 'text', text: 'Attention weighs everything. '.repeat(500) } as const;

// By the sweep alone: what is unsynced is exactly known.
const variables = { AUTO_SYNC_TO_DB: 'false' };
const strict = await createStage({ 'maxmemory-policy': 'noeviction' });
const onStrict = await strict.start(variables);
const evicting = await createStage({ 'maxmemory-policy': 'volatile-ttl' });
const onEvicting = await evicting.start(variables);

it('commits turns while Redis is full, and still archives what that has accepted', async () => {
  const { redis, settle } = strict;
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [onStrict], 3);
  await expectVerified(onStrict, redis.client);
  const [conversationId] = begun as [string];
  await ledger.turn(onStrict, 'accepted before', { conversationId });
  expect(await dirtyConversations(redis.client)).toEqual([conversationId]);

  await redis.fill();
  const late = await ledger.turn(onStrict, 'begun meanwhile');
  expect(late).toMatchObject({ seq: 1, durability: 'committed' });
  await redisIs('away', onStrict);
  expect(await sweepNow(onStrict)).toMatchObject({ status: 200, body: { turns: 1, failed: 0 } });
  expect(await dirtyConversations(redis.client)).toEqual([]);
  const all = [...begun, late.conversationId];
  for (const each of all) {
    const reply = await ledger.ask(onStrict, 'meanwhile', { conversationId: each });
    expect(reply.body).toMatchObject({ durability: 'committed', history: { source: 'durable' } });
  }
  await redisIs('away', onStrict);

  await redis.unfill();
  await redisIs('up', onStrict);
  for (const each of all) {
    const { length } = await archivedTurns(strict.database, each);
    expect(length).toBe(each === conversationId ? 3 : 2);
    const reply = await ledger.ask(onStrict, 'afterwards', { conversationId: each });
    expect(reply.body).toMatchObject({ seq: length + 1, durability: 'accepted' });
    expect(reply.body.history.turns_available).toBe(length);
  }
  await settle(onStrict, ledger);
});

it('restores what Redis evicts, whole sessions and halves, and has nothing unsynced evicted', async () => {
  const { redis, settle, database, engine } = evicting;
  engine.stub.always = LONG_ANSWER;
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [onEvicting], CONVERSATIONS);
  await askAll(ledger, begun, 'second', 2);
  await expectVerified(onEvicting, redis.client);
  const [dirty, clean] = [begun.slice(0, DIRTY), begun.slice(DIRTY)];
  const letGo = await holdRows(database.url, dirty);
  await askAll(ledger, dirty, 'third', 3);

  await squeeze(async () => {
    const keys = await keysOf(clean);
    return keys.includes(0) && keys.includes(1) && keys.filter((left) => left < 2).length > EVICTED;
  });
  const left = await keysOf(clean);
  const count = (keys: number) => left.filter((each) => each === keys).length;
  console.log(`of ${clean.length} clean sessions ${count(0)} were evicted, ${count(1)} by half`);
  expect(await keysOf(dirty)).toEqual(dirty.map(() => 2));
  for (const id of dirty) expect(await redis.client.llen(conversationKeys(id).turns)).toBe(3);

  // Those that lost something first: each restore evicts another.
  const lacking = clean.toSorted((a, b) => left[clean.indexOf(a)]! - left[clean.indexOf(b)]!);
  await askAll(ledger, lacking, 'while Redis is short', 3);
  expect(await keysOf(dirty)).toEqual(dirty.map(() => 2));
  await letGo();
  await redis.unfill();
  await redisIs('up', onEvicting);
  await askAll(ledger, begun, 'afterwards', 4);
  await settle(onEvicting, ledger);
  for (const id of begun) expect(await archivedTurns(database, id)).toHaveLength(4);
  // Two hundred turns with all that belongs to them: on a busy machine that takes longer than others.
}, 120_000);

/** Each is answered with all of its turns. */
const askAll = (ledger: Ledger, ids: readonly string[], question: string, seq: number) =>
  someAtOnce(ids, async (conversationId) => {
    const reply = await ledger.ask(onEvicting, question, { conversationId });
    expect(reply.body).toMatchObject({ seq, history: { turns_available: seq - 1 } });
  });

/** How many of its two keys each session has. */
const keysOf = (ids: readonly string[]) =>
  Promise.all(
    ids.map((id) => {
      const { meta, turns } = conversationKeys(id);
      return evicting.redis.client.exists(meta, turns);
    }),
  );

/** Takes memory from Redis little by little. */
async function squeeze(isEnough: () => Promise<boolean>): Promise<void> {
  const { redis } = evicting;
  const used = /^used_memory:(\d+)/m.exec(await redis.client.info('memory'))![1];
  for (let limit = Number(used); !(await isEnough()); limit -= SQUEEZE_BYTES) {
    await redis.configure('maxmemory', String(limit));
  }
}
