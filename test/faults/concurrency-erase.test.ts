import { expect, it } from 'vitest';
import type { SessionHealth } from '../../src/health/session-health.dto.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { erase, expectNothingLeft, expectUnknown } from '../support/erased.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { askHealth } from '../support/health.js';
import { Ledger } from '../support/ledger.js';
import { Load } from '../support/load.js';
import { expectProblem } from '../support/problem.js';
import { createProcessStage, type LinkedInstance } from '../support/process-stage.js';
import { redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

// Longer than a connection keeps what it cannot deliver: by then nothing late can come any more.
const SHUT_SECONDS = 1800;

const stage = await createProcessStage();
const { redis, engine } = stage;
const engineLink = await createProxy(engine.stub.baseUrl);
const one = await stage.start({ OPENAI_BASE_URL: engineLink.through(engine.stub.baseUrl) });
// What it accepts stays in Redis alone.
const other = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
const instances = [one, other];

/** A conversation with one turn in both stores. */
async function begin(): Promise<string> {
  const asked = { durability: 'committed' } as const;
  const { conversationId } = await new Ledger().turn(one, 'What is attention?', asked);
  await expectVerified(other, redis);
  return conversationId;
}

const ask = (service: LinkedInstance, conversationId: string) =>
  service.chat({ query: 'And then?', meta_params: { conversation_id: conversationId } });

/** Now, after a sweep, around a Redis that is away, when that is back, and with an empty one. */
async function expectGone(conversationId: string): Promise<void> {
  for (const each of instances) await redisIs('up', each);
  await expectUnknown(instances, conversationId);
  await expectVerified(other, redis);
  await expectNothingLeft(stage, conversationId);
  for (const { redisLink } of instances) redisLink.refuse();
  for (const each of instances) await redisIs('away', each);
  await expectUnknown(instances, conversationId);
  for (const { redisLink } of instances) redisLink.pass();
  for (const each of instances) await redisIs('up', each);
  await expectUnknown(instances, conversationId);
  await redis.flushall();
  await expectUnknown(instances, conversationId);
  await expectVerified(other, redis);
  await expectNothingLeft(stage, conversationId);
}

it.each([
  ['its transaction', () => one.postgresLink.holdOnce('set local lock_timeout')],
  ['its word to Redis', () => one.redisLink.holdOnce(SCRIPTS.acknowledge.sha)],
])('erases for good while a flush is under way, and %s comes late', async (_, hold) => {
  const conversationId = await begin();
  const held = hold();
  expect(await ask(one, conversationId)).toMatchObject({ status: 200, body: { seq: 2 } });
  await held.reached;
  await erase(other, conversationId);
  held.release();
  await expectGone(conversationId);
});

it('erases for good what a flush commits while the erasure waits for it', async () => {
  const conversationId = await begin();
  const held = one.postgresLink.holdOnce('commit\0');
  expect(await ask(one, conversationId)).toMatchObject({ status: 200, body: { seq: 2 } });
  await held.reached;
  const erasing = erase(other, conversationId);
  await eventually(async () => {
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    expect(await stage.database.query(waiting)).toHaveLength(1);
  });
  held.release();
  await erasing;
  await expectGone(conversationId);
});

it('erases for good while the engine thinks about a turn', async () => {
  const conversationId = await begin();
  const held = engineLink.holdOnce('/chat/completions');
  const turn = ask(one, conversationId);
  await held.reached;
  await erase(other, conversationId);
  await expectUnknown([other], conversationId);
  held.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  await expectGone(conversationId);
});

it('erases for good while a turn is appended, and lets its append come late to either store', async () => {
  const conversationId = await begin();
  const append = one.redisLink.holdOnce(SCRIPTS.append.sha);
  const turn = ask(one, conversationId);
  await append.reached;
  // Redis does not answer, so the turn goes to Postgres.
  const direct = one.postgresLink.holdOnce('set local lock_timeout');
  await direct.reached;
  await erase(other, conversationId);
  direct.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  const { meta } = conversationKeys(conversationId);
  expect(await redis.ttl(meta)).toBeGreaterThan(SHUT_SECONDS);
  append.release();
  await expectGone(conversationId);
});

it('erases for good although the very first append comes to Redis after all', async () => {
  const append = one.redisLink.holdOnce(SCRIPTS.append.sha);
  const first = one.chat({ query: 'What is a seed?' });
  await append.reached;
  const { body } = await first;
  expect(body.durability).toBe('committed');
  await erase(other, body.conversation_id!);
  append.release();
  await expectGone(body.conversation_id!);
});

it('erases for good while its session is being restored', async () => {
  const conversationId = await begin();
  expect((await other.request('POST', `/conversations/${conversationId}/end`)).status).toBe(200);
  const held = one.redisLink.holdOnce(SCRIPTS.restore.sha);
  const turn = ask(one, conversationId);
  await held.reached;
  await erase(other, conversationId);
  held.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  await expectGone(conversationId);
});

it('takes no turn once it has said 204, under load through both instances', async () => {
  const conversationId = await begin();
  const ledger = new Ledger();
  const load = new Load(
    ledger,
    instances,
    Array.from({ length: 8 }, () => conversationId),
  );
  await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(40));
  await erase(other, conversationId);
  const erasedMs = performance.now();
  const refusedBefore = load.refused.length;
  await eventually(() => expect(load.refused.length).toBeGreaterThan(refusedBefore + 40));
  await load.stop();
  expect(load.broken).toBe(0);
  expect(ledger.acknowledged.filter(({ askedMs }) => askedMs > erasedMs)).toEqual([]);
  for (const reply of load.refused) expectProblem(reply, 404, 'conversation_not_found');
  await expectGone(conversationId);
});

it('removes the session before Redis is trusted again when it was erased while Redis was away', async () => {
  const conversationId = await begin();
  for (const { postgresLink } of instances) postgresLink.blackhole();
  expect(await ask(one, conversationId)).toMatchObject({
    body: { durability: 'accepted', seq: 2 },
  });
  for (const { redisLink } of instances) redisLink.refuse();
  for (const { postgresLink } of instances) postgresLink.pass();
  for (const each of instances) await redisIs('away', each);
  await erase(other, conversationId);
  await expectUnknown(instances, conversationId);
  const { turns } = conversationKeys(conversationId);
  expect(await redis.llen(turns)).toBe(2);

  for (const { redisLink } of instances) redisLink.pass();
  for (const each of instances) {
    let isTrusted = false;
    while (!isTrusted) {
      expectProblem(await ask(each, conversationId), 404, 'conversation_not_found');
      const { body } = await askHealth<SessionHealth>(each, '/health/sessions');
      isTrusted = body.redis_healthy;
    }
    expect(await redis.exists(turns)).toBe(0);
  }
  await expectGone(conversationId);
});

it('says unavailable, not unknown, to the erasure of what only the Redis has that is away', async () => {
  const { body } = await other.chat({ query: 'What is dropout?' });
  const conversationId = body.conversation_id!;
  // Who accepted it cannot archive it either.
  other.postgresLink.refuse();
  for (const { redisLink } of instances) redisLink.refuse();
  await redisIs('away', one);
  const refused = await one.request('DELETE', `/conversations/${conversationId}`);
  expectProblem(refused, 503, 'storage_unavailable');

  for (const { redisLink, postgresLink } of instances)
    [redisLink, postgresLink].forEach((link) => link.pass());
  for (const each of instances) await redisIs('up', each);
  await erase(other, conversationId);
  await expectGone(conversationId);
});
