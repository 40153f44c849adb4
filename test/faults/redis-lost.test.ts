import { expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { holdRows } from '../support/held-rows.js';
import type { HttpClient } from '../support/http-client.js';
import { startInstance } from '../support/instance.js';
import { type AcknowledgedTurn, Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, expectVerified, unsyncedTurns } from '../support/verified.js';

const { redis, database, start, settle } = await createStage();
// By the sweep alone: what is unsynced at the instant of the loss is exactly known.
const service = await start({ AUTO_SYNC_TO_DB: 'false' });
/** For an instance that is killed: what it had in memory goes with it. */
const variables = {
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  AUTO_SYNC_TO_DB: 'false',
};

const begin = async (ledger: Ledger, count: number, by: HttpClient = service) => {
  const begun: AcknowledgedTurn[] = [];
  for (let index = 0; index < count; index++) {
    begun.push(await ledger.turn(by, `first ${index}`));
  }
  return begun;
};

const idsOf = (turns: readonly AcknowledgedTurn[]) =>
  turns.map(({ conversationId }) => conversationId);

const oneMore = async (
  ledger: Ledger,
  begun: readonly AcknowledgedTurn[],
  question: string,
  by: HttpClient = service,
) => {
  for (const { conversationId } of begun) await ledger.turn(by, question, { conversationId });
};

it('loses nothing of clean sessions when Redis is emptied', async () => {
  const ledger = new Ledger();
  const begun = await begin(ledger, 10);
  await oneMore(ledger, begun, 'second');
  await expectVerified(service, redis.client);
  expect(await unsyncedTurns(redis.client)).toBe(0);
  await redis.client.flushall();
  for (const { conversationId } of begun) {
    const third = await ledger.ask(service, 'third', { conversationId });
    expect(third.body).toMatchObject({ seq: 3, history: { source: 'durable', turns_used: 2 } });
  }
  await settle(service, ledger);
});

it('loses nothing when Redis is emptied while the instance lives that had the turns accepted', async () => {
  const ledger = new Ledger();
  const begun = await begin(ledger, 5);
  await expectVerified(service, redis.client);
  await oneMore(ledger, begun, 'second');
  const late = await begin(ledger, 5);
  expect(await unsyncedTurns(redis.client)).toBe(10);
  await redis.client.flushall();
  for (const { conversationId, seq } of [...begun, ...late]) {
    const turns = begun.some((turn) => turn.conversationId === conversationId) ? 2 : seq;
    const next = await ledger.ask(service, 'after the loss', { conversationId });
    expect(next.body).toMatchObject({ seq: turns + 1, history: { turns_used: turns } });
  }
  await settle(service, ledger);
});

it('loses exactly what was unsynced when Redis is emptied and the instance dies', async () => {
  const doomed = await startInstance(variables);
  const ledger = new Ledger();
  const begun = await begin(ledger, 10, doomed);
  await oneMore(ledger, begun, 'second', doomed);
  await expectVerified(service, redis.client);
  const letGo = await holdRows(database.url, idsOf(begun));
  await oneMore(ledger, begun, 'third', doomed);
  await oneMore(ledger, begun.slice(5), 'fourth', doomed);
  const unsynced = await unsyncedTurns(redis.client);
  expect(unsynced).toBe(15);
  doomed.kill('SIGKILL');
  await doomed.exited;
  await redis.client.flushall();
  await letGo();
  console.log(`Redis emptied: ${unsynced} of ${ledger.acknowledged.length} turns were unsynced`);
  // The numbers of what is lost are given again; what was committed keeps its own.
  for (const { conversationId } of begun) {
    const next = await ledger.ask(service, 'after the loss', { conversationId });
    expect(next.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  }
  await settle(service, ledger, { lost: unsynced });
  for (const { conversationId } of begun) {
    expect(await archivedTurns(database, conversationId)).toMatchObject([
      { seq: 1 },
      { seq: 2, question: 'second' },
      { seq: 3, question: 'after the loss' },
    ]);
  }
});

it('says that a conversation is not there when it was in the emptied Redis alone', async () => {
  const doomed = await startInstance(variables);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(doomed, 'first');
  doomed.kill('SIGKILL');
  await doomed.exited;
  await redis.client.flushall();
  const second = await ledger.ask(service, 'second', { conversationId });
  expect(second).toMatchObject({ status: 404, body: { code: 'conversation_not_found' } });
  await settle(service, ledger, { lost: 1 });
});

it('hides, renumbers and loses nothing committed when Redis is rolled back to an older file', async () => {
  const ledger = new Ledger();
  const begun = await begin(ledger, 10);
  await oneMore(ledger, begun.slice(5), 'second');
  // In the copy five sessions are dirty with two turns, and five with one; all are in the archive later.
  await redis.copyData();
  await expectVerified(service, redis.client);
  await oneMore(ledger, begun, 'written after the copy');
  const late = await begin(ledger, 2);
  await expectVerified(service, redis.client);

  // The service sweeps as soon as it is back: what the file has is looked at before.
  redis.proxy.refuse();
  await redis.rollBack();
  expect(await dirtyConversations(redis.client)).toHaveLength(10);
  redis.proxy.pass();
  await redisIs('up', service);
  for (const { conversationId } of [...begun, ...late]) {
    const before = await archivedTurns(database, conversationId);
    const next = await ledger.ask(service, 'after the rollback', { conversationId });
    expect(next.body).toMatchObject({
      seq: before.length + 1,
      history: { source: 'durable', turns_used: before.length },
    });
  }
  await settle(service, ledger);
});

it('loses nothing to an older file while the instance lives that had the turns accepted', async () => {
  const ledger = new Ledger();
  const begun = await begin(ledger, 5);
  await redis.copyData();
  await oneMore(ledger, begun, 'after the copy');
  expect(await unsyncedTurns(redis.client)).toBe(10);
  await redis.rollBack();
  await redisIs('up', service);
  await oneMore(ledger, begun, 'after the rollback');
  await settle(service, ledger);
});

it('loses exactly the unsynced turns that an older file lacks when the instance dies with Redis', async () => {
  const doomed = await startInstance(variables);
  const ledger = new Ledger();
  const begun = await begin(ledger, 5, doomed);
  await expectVerified(service, redis.client);
  const letGo = await holdRows(database.url, idsOf(begun));
  await oneMore(ledger, begun, 'in the copy, unsynced', doomed);
  await redis.copyData();
  const kept = await unsyncedTurns(redis.client);
  await oneMore(ledger, begun, 'after the copy, unsynced', doomed);
  const unsynced = await unsyncedTurns(redis.client);
  doomed.kill('SIGKILL');
  await doomed.exited;
  await redis.rollBack();
  await letGo();
  const lost = unsynced - kept;
  console.log(
    `Redis rolled back: ${lost} of ${unsynced} unsynced turns were not in the older file`,
  );
  expect(lost).toBe(5);
  await redisIs('up', service);
  await oneMore(ledger, begun, 'after the rollback');
  await settle(service, ledger, { lost });
  for (const { conversationId } of begun) {
    const questions = (await archivedTurns(database, conversationId)).map((turn) => turn.question);
    expect(questions.slice(1)).toEqual(['in the copy, unsynced', 'after the rollback']);
  }
});
