import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { archivedTurns } from '../support/archive-contents.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import type { Reply } from '../support/http-client.js';
import { type Asked, Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createStage, redisIs } from '../support/stage.js';

const { redis, database, postgresLink, engine, start, settle } = await createStage();
const service = await start();

const numbers = async (conversationId: string) =>
  (await archivedTurns(database, conversationId)).map(({ seq }) => seq);

/** Retries until the turn is answered. */
const retried = (ledger: Ledger, question: string, asked: Asked): Promise<Reply<ChatReply>> =>
  eventually(async () => {
    const reply = await ledger.ask(service, question, asked);
    expect(reply.status).toBe(200);
    return reply;
  });

describe.each([
  ['with a reset connection', false],
  ['and nothing else is heard', true],
])('when the reply of COMMIT is lost %s', (how, silently) => {
  it('stores the turns of a flush once, and goes on counting', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
    const lost = postgresLink.loseReplyOnce('commit', { silently });
    await ledger.turn(service, 'second', { conversationId });
    await lost;
    // It has happened, and nobody here was told.
    await eventually(async () => expect(await numbers(conversationId)).toEqual([1, 2]));
    const third = await ledger.turn(service, 'third', { conversationId });
    expect(third.seq).toBe(3);
    await settle(service, ledger);
    expect(await numbers(conversationId)).toEqual([1, 2, 3]);
    await databaseIs('up', service);
  });

  it.each([
    ['begins a conversation', null],
    ['goes on with one', 'first'],
  ])('stores a committed turn that %s once, and answers its retries with it', async (_, first) => {
    const ledger = new Ledger();
    const begun = first && (await ledger.turn(service, first, { durability: 'committed' }));
    const question = `second, ${how}, of ${first}`;
    const headers = { 'idempotency-key': question.replaceAll(/\W/g, '-') };
    const asked: Asked = {
      durability: 'committed',
      headers,
      ...(begun && { conversationId: begun.conversationId }),
    };
    const lost = postgresLink.loseReplyOnce('commit', { silently });
    const refused = await ledger.ask(service, question, asked);
    await lost;
    expectProblem(refused, 503, 'storage_unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    const answered = await retried(ledger, question, asked);
    const again = await retried(ledger, question, asked);
    const seq = begun ? 2 : 1;
    for (const { body, headers: said } of [answered, again]) {
      expect(body).toMatchObject({ seq, durability: 'committed', turn_id: answered.body.turn_id });
      expect(said.get('idempotency-replayed')).toBe('true');
    }
    expect(engine.callsFor(question)).toBe(1);
    await settle(service, ledger);
    expect(await archivedTurns(database, answered.body.conversation_id!)).toHaveLength(seq);
  });

  it('stores a turn that is written around Redis once, and answers its retries with it', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
    redis.proxy.refuse();
    await redisIs('away', service);
    const question = `around, ${how}`;
    const headers = { 'idempotency-key': question.replaceAll(/\W/g, '-') };
    const asked = { conversationId, headers };
    // Its claim is a transaction too, and comes before.
    const insert = postgresLink.holdOnce('insert into conversation_messages');
    const asking = ledger.ask(service, question, asked);
    await insert.reached;
    const lost = postgresLink.loseReplyOnce('commit', { silently });
    insert.release();
    await lost;
    expectProblem(await asking, 503, 'storage_unavailable');

    const answered = await retried(ledger, question, asked);
    expect(answered.body).toMatchObject({ seq: 2, durability: 'committed' });
    redis.proxy.pass();
    await redisIs('up', service);
    const again = await retried(ledger, question, asked);
    expect(again.body).toMatchObject({ seq: 2, turn_id: answered.body.turn_id });
    expect(engine.callsFor(question)).toBe(1);
    const next = await ledger.ask(service, 'third', { conversationId });
    expect(next.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
    await settle(service, ledger);
    expect(await numbers(conversationId)).toEqual([1, 2, 3]);
  });

  it('has erased a conversation for good, also for who repeats the request', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
    await ledger.turn(service, 'second', { conversationId, durability: 'committed' });
    const lost = postgresLink.loseReplyOnce('commit', { silently });
    const erase = () => service.request('DELETE', `/conversations/${conversationId}`);
    const erasing = erase();
    await lost;
    // It would remove the session too, a moment later.
    const recovery = postgresLink.holdOnce('"hot_stale" is null');
    expectProblem(await erasing, 503, 'storage_unavailable');
    await recovery.reached;
    await eventually(async () => expectProblem(await erase(), 404, 'conversation_not_found'));
    const calls = engine.calls;
    const late = await ledger.ask(service, 'still there?', { conversationId });
    expectProblem(late, 404, 'conversation_not_found');
    expect(engine.calls).toBe(calls);
    recovery.release();
    await settle(service, new Ledger());
    expect(await archivedTurns(database, conversationId)).toEqual([]);
  });
});
