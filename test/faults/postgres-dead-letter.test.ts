import { afterEach, expect, it } from 'vitest';
import type { DeadLetterList, RetriedLetterDto } from '../../src/admin/admin.dto.js';
import { archivedTurns } from '../support/archive-contents.js';
import { type Asked, Ledger } from '../support/ledger.js';
import { metricOf } from '../support/metrics.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { countTurns } from '../support/settled.js';
import { expectVerified } from '../support/verified.js';

const CHECK_VIOLATION = '23514';

const stage = await createPostgresStage();
const { postgres, redis, engine } = stage;
// By the sweep alone: the turns of all conversations come into one batch.
const service = await stage.start({ AUTO_SYNC_TO_DB: 'false' });

/** From now on a turn whose question has this word in it is refused. */
const refuse = (word: string) =>
  postgres.query(
    `alter table conversation_messages
       add constraint refused check (question not like '%${word}%') not valid`,
  );
const refuseNothing = () =>
  postgres.query('alter table conversation_messages drop constraint if exists refused');
afterEach(refuseNothing);

const letters = async () => {
  const reply = await service.admin<DeadLetterList>('GET', '/admin/dead-letters');
  expect(reply.status).toBe(200);
  return reply.body.data;
};
const retry = (turnId: string) =>
  service.admin<RetriedLetterDto>('POST', `/admin/dead-letters/${turnId}/retry`);
const sweep = () => service.admin<object>('POST', '/admin/sync');
const questions = async (conversationId: string) =>
  (await archivedTurns(postgres, conversationId)).map(({ seq, question }) => [seq, question]);
const NOTHING = { lost: [], doubled: [], reordered: [], overtaking: [] };

it('keeps a refused turn apart, archives those around it, and takes it in once the refusal is mended', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first');
  const refused = await ledger.turn(service, 'a forbidden one', { conversationId });
  const behind = await ledger.turn(service, 'third', { conversationId });
  const other = await ledger.turn(service, 'in another conversation');
  await refuse('forbidden');
  expect((await sweep()).body).toMatchObject({ turns: 3, failed: 0, dead_letters: 1 });
  expect(await questions(conversationId)).toEqual([
    [1, 'first'],
    [2, 'third'],
  ]);
  expect(await questions(other.conversationId)).toHaveLength(1);
  await expectVerified(service, redis);

  const letter = {
    turn_id: refused.turnId,
    conversation_id: conversationId,
    reason: 'a check constraint refuses it',
    sqlstate: CHECK_VIOLATION,
    at: expect.any(String),
    attempts: 1,
  };
  expect(await letters()).toEqual([letter]);
  expect(await metricOf(service, 'dead_letters')).toBe(1);
  expect(await metricOf(service, 'sync_failures_total{reason="poison"}')).toBe(1);
  expect(service.output()).toMatch(/"level":50.*Postgres refuses a turn \(SQLSTATE 23514\)/);
  expect(service.output()).not.toContain('forbidden');

  expect(await retry(refused.turnId)).toMatchObject({ status: 200, body: { seq: null } });
  expect(await letters()).toEqual([{ ...letter, attempts: 2 }]);
  // The session knows what the archive knows, and the conversation goes on.
  const next = await ledger.ask(service, 'fourth', { conversationId });
  expect(next.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });

  await refuseNothing();
  await expectVerified(service, redis);
  expect(await retry(refused.turnId)).toMatchObject({ status: 200, body: { seq: 4 } });
  expect(await letters()).toEqual([]);
  expect(await metricOf(service, 'dead_letters')).toBe(0);
  expectProblem(await retry(refused.turnId), 404, 'turn_not_found');
  const last = await ledger.ask(service, 'fifth', { conversationId });
  expect(last.body).toMatchObject({ seq: 5, history: { turns_used: 4 } });
  await expectVerified(service, redis);
  expect(await questions(conversationId)).toEqual([
    [1, 'first'],
    [2, 'third'],
    [3, 'fourth'],
    [4, 'a forbidden one'],
    [5, 'fifth'],
  ]);
  // It takes the next free place, so those that came after it stand before it, and nothing else is out of order.
  expect(await ledger.compare(postgres)).toEqual({
    ...NOTHING,
    reordered: [behind.turnId, next.body.turn_id],
  });
  expect(await countTurns(postgres)).toBe(ledger.acknowledged.length);
});

it('takes in a dead letter although turns of its conversation are not archived yet', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'begun');
  await refuse('unwanted');
  const refused = await ledger.turn(service, 'an unwanted one', { conversationId });
  await sweep();
  const unsynced = await ledger.turn(service, 'not archived yet', { conversationId });
  expect(unsynced.seq).toBe(2);
  await refuseNothing();
  expect((await retry(refused.turnId)).body).toMatchObject({ seq: 2 });
  const next = await ledger.ask(service, 'after both', { conversationId });
  expect(next.body).toMatchObject({ seq: 4, history: { turns_used: 3 } });
  await expectVerified(service, redis);
  expect(await questions(conversationId)).toEqual([
    [1, 'begun'],
    [2, 'an unwanted one'],
    [3, 'not archived yet'],
    [4, 'after both'],
  ]);
  expect(await ledger.compare(postgres)).toEqual(NOTHING);
});

it.each([
  ['still knows the key', async () => undefined],
  ['was emptied', async () => void (await redis.flushall())],
])(
  'answers the retry of a refused turn without the engine when Redis %s',
  async (state, prepare) => {
    const ledger = new Ledger();
    const question = `impossible when Redis ${state}`;
    const headers = { 'idempotency-key': question.replaceAll(' ', '-') };
    const asked: Asked = { headers };
    await refuse('impossible');
    const first = await ledger.ask(service, question, asked);
    expect(first.status).toBe(200);
    await sweep();
    await prepare();
    for (let tries = 0; tries < 2; tries++) {
      const again = await ledger.ask(service, question, asked);
      expect(again.body).toEqual({ ...(first.body as object), seq: null });
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(engine.callsFor(question)).toBe(1);
    expect(await letters()).toMatchObject([{ turn_id: first.body.turn_id, attempts: 1 }]);

    await refuseNothing();
    expect((await retry(first.body.turn_id!)).body).toMatchObject({ seq: 1 });
    const archived = await ledger.ask(service, question, asked);
    expect(archived.body).toEqual({ ...(first.body as object), durability: 'committed' });
    expect(engine.callsFor(question)).toBe(1);
    await expectVerified(service, redis);
    expect(await ledger.compare(postgres)).toEqual(NOTHING);
    expect(await questions(first.body.conversation_id!)).toEqual([[1, question]]);
  },
);

it('refuses a committed turn that Postgres refuses, asks the engine once, and answers it once it is archived', async () => {
  const ledger = new Ledger();
  const question = 'impossible for good';
  const asked: Asked = { durability: 'committed', headers: { 'idempotency-key': 'for-good' } };
  await refuse('impossible');
  for (let tries = 0; tries < 3; tries++) {
    expectProblem(await ledger.ask(service, question, asked), 503, 'storage_unavailable');
  }
  expect(engine.callsFor(question)).toBe(1);
  const [letter] = await letters();
  expect(letter).toMatchObject({ attempts: 1 });
  await refuseNothing();
  await retry(letter!.turn_id);
  const { turnId, seq } = await ledger.turn(service, question, asked);
  expect({ turnId, seq }).toEqual({ turnId: letter!.turn_id, seq: 1 });
  expect(engine.callsFor(question)).toBe(1);
  await expectVerified(service, redis);
  expect(await ledger.compare(postgres)).toEqual(NOTHING);
});

it('erases the dead letters of a conversation with it', async () => {
  const ledger = new Ledger();
  await refuse('unwanted');
  const { conversationId } = await ledger.turn(service, 'begun to be erased');
  const refused = await ledger.turn(service, 'another unwanted one', { conversationId });
  await sweep();
  expect(await letters()).toHaveLength(1);
  const erased = await service.request('DELETE', `/conversations/${conversationId}`);
  expect(erased.status).toBe(204);
  expect(await letters()).toEqual([]);
  const [row] = await postgres.query<{ count: number }>(
    'select count(*)::integer from dead_letters',
  );
  expect(row).toEqual({ count: 0 });
  await refuseNothing();
  expectProblem(await retry(refused.turnId), 404, 'turn_not_found');
  await expectVerified(service, redis);
  expect(await archivedTurns(postgres, conversationId)).toEqual([]);
});
