import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SCRIPTS } from '../../src/session/scripts.js';
import { archivedTurns, rowCounts } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createProcessStage, type LinkedInstance } from '../support/process-stage.js';
import { contentKeys } from '../support/redis-contents.js';
import { countTurns } from '../support/settled.js';
import { redisIs } from '../support/stage.js';

// Ten seconds later the claim of a dead instance lapses.
const ANSWER_TIMEOUT_MS = 4000;
const LAPSE_MS = ANSWER_TIMEOUT_MS + 10_000;
const RETRY_EVERY_MS = 200;

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const variables = { ANSWER_TIMEOUT_MS: String(ANSWER_TIMEOUT_MS) };
const other = await stage.start(variables);
const ledger = new Ledger();

/** Kills the instance while the engine thinks about this question. */
async function killWhileAsked(
  killed: LinkedInstance,
  question: string,
  asked: Parameters<Ledger['ask']>[2],
): Promise<void> {
  engine.stub.always = { kind: 'hang' };
  const reply = ledger.ask(killed, question, asked).catch(() => null);
  await eventually(() => expect(engine.callsFor(question)).toBe(1));
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await reply).toBeNull();
  engine.stub.always = null;
}

/** Asks again and again, and gives the first reply that is no 409. */
async function retryUntilAnswered(question: string, asked: Parameters<Ledger['ask']>[2]) {
  for (;;) {
    const reply = await ledger.ask(other, question, asked);
    if (reply.status !== 409) return reply;
    expectProblem(reply, 409, 'idempotency_in_progress');
    await delay(RETRY_EVERY_MS);
  }
}

it('leaves nothing behind of a turn whose instance was killed during the engine call', async () => {
  const { conversationId } = await ledger.turn(other, 'What is attention?');
  await stage.settle(other, ledger);
  const killed = await stage.start(variables);
  const [rows, keys] = [await rowCounts(database), await contentKeys(redis)];
  await killWhileAsked(killed, 'And then?', { conversationId });
  await killWhileAsked(await stage.start(variables), 'What is dropout?', {});
  expect(await rowCounts(database)).toEqual(rows);
  expect(await contentKeys(redis)).toEqual(keys);

  const next = await ledger.turn(other, 'And now?', { conversationId });
  expect(next.seq).toBe(2);
  await stage.settle(other, ledger);
});

it('answers a retry elsewhere once the claim of a killed instance has lapsed, and keeps one row', async () => {
  const { conversationId } = await ledger.turn(other, 'What is a token?');
  await stage.settle(other, ledger);
  const killed = await stage.start(variables);
  const keys = await contentKeys(redis);
  const asked = { conversationId, headers: { 'idempotency-key': 'killed' } };
  const askedMs = await redisTimeMs();
  await killWhileAsked(killed, 'Who counts them?', asked);
  const killedMs = await redisTimeMs();
  expect(await archivedTurns(database, conversationId)).toHaveLength(1);
  const [claim, ...more] = (await contentKeys(redis)).filter((key) => !keys.includes(key));
  expect(claim).toMatch(/:idem:/);
  expect(more).toEqual([]);

  const lapsesMs = Number(await redis.hget(claim!, 'lapses'));
  expect(lapsesMs).toBeGreaterThanOrEqual(askedMs + LAPSE_MS);
  expect(lapsesMs).toBeLessThanOrEqual(killedMs + LAPSE_MS);
  const reply = await retryUntilAnswered('Who counts them?', asked);
  expect(await redisTimeMs()).toBeGreaterThanOrEqual(lapsesMs);
  expect(reply).toMatchObject({ status: 200, body: { seq: 2 } });
  expect(engine.callsFor('Who counts them?')).toBe(2);

  const again = await ledger.ask(other, 'Who counts them?', asked);
  expect(again.body).toMatchObject({ turn_id: reply.body.turn_id, seq: 2 });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  await stage.settle(other, ledger);
  expect(await archivedTurns(database, conversationId)).toHaveLength(2);
  expect(engine.callsFor('Who counts them?')).toBe(2);
});

it('heeds the claim of a killed instance that had no Redis, until it lapses', async () => {
  const { conversationId } = await ledger.turn(other, 'What is a layer?', {
    durability: 'committed',
  });
  const killed = await stage.start(variables);
  killed.redisLink.refuse();
  await redisIs('away', killed);
  const asked = { conversationId, headers: { 'idempotency-key': 'killed-without-redis' } };
  await killWhileAsked(killed, 'How many are there?', asked);

  const claims = 'select answered from idempotency_claims';
  expect(await database.query(claims)).toEqual([{ answered: false }]);
  const reply = await retryUntilAnswered('How many are there?', asked);
  expect(reply).toMatchObject({ status: 200, body: { seq: 2 } });
  expect(await database.query(claims)).toEqual([{ answered: true }]);
  expect(engine.callsFor('How many are there?')).toBe(2);
  await stage.settle(other, ledger);
  expect(await archivedTurns(database, conversationId)).toHaveLength(2);
});

it('replays at once what a killed instance had stored, though it never said so', async () => {
  const killed = await stage.start(variables);
  const asked = { headers: { 'idempotency-key': 'stored' } };
  await ledger.turn(killed, 'What is a gate?');
  await stage.settle(other, ledger);
  const before = await countTurns(database);
  const held = killed.redisLink.holdOnce(SCRIPTS.endClaim.sha);
  const lost = ledger.ask(killed, 'What does it gate?', asked).catch(() => null);
  await held.reached;
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await lost).toBeNull();

  await other.admin('POST', '/admin/sync');
  expect(await countTurns(database)).toBe(before + 1);
  const reply = await ledger.ask(other, 'What does it gate?', asked);
  expect(reply.status).toBe(200);
  expect(reply.headers.get('idempotency-replayed')).toBe('true');
  expect(engine.callsFor('What does it gate?')).toBe(1);
  await stage.settle(other, ledger);
  expect(await archivedTurns(database, reply.body.conversation_id!)).toHaveLength(1);
});

async function redisTimeMs(): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
