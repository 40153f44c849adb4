import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import type { Reply } from '../support/http-client.js';
import { type AcknowledgedTurn, Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';

const { redis, database, engine, start, settle } = await createStage();
const service = await start();
const LOSSES = [
  ['the connection is reset', { silently: false }],
  ['the connection falls silent', { silently: true }],
] as const;
const WAYS = [
  ['an accepted turn', 'accepted', false],
  ['a committed turn', 'committed', false],
  ['an accepted turn with a key', 'accepted', true],
  ['a committed turn with a key', 'committed', true],
] as const;

const questionsOf = async ({ conversationId }: AcknowledgedTurn) =>
  (await archivedTurns(database, conversationId)).map(({ seq, question }) => [seq, question]);

const expectReplay = (again: Reply<ChatReply>, first: Reply<ChatReply>) => {
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body).toMatchObject({ seq: first.body.seq, turn_id: first.body.turn_id });
};

/** Redis is trusted again, and has everything. */
const expectHotAgain = async (
  ledger: Ledger,
  { conversationId }: AcknowledgedTurn,
  turns: number,
) => {
  await redisIs('up', service);
  for (const [more, durability] of ['next', 'last'].entries()) {
    const reply = await ledger.ask(service, durability, { conversationId });
    expect(reply.body).toMatchObject({
      seq: turns + 1 + more,
      durability: 'accepted',
      history: { turns_available: turns + more },
    });
  }
};

describe.each(LOSSES)('when %s before the append is answered', (loss, how) => {
  it.each(WAYS)('keeps %s once, in its place', async (way, durability, hasKey) => {
    const ledger = new Ledger();
    const begun = await ledger.turn(service, 'first', { durability: 'committed' });
    const { conversationId } = begun;
    const headers = hasKey ? { 'idempotency-key': `${way}${loss}`.replaceAll(' ', '-') } : {};
    const question = `${way}, ${loss}`;
    const lost = redis.proxy.loseReplyOnce(SCRIPTS.append.sha, how);
    const reply = await ledger.ask(service, question, { conversationId, durability, headers });
    await lost;
    // Redis has it by now, and Postgres too.
    expect(reply).toMatchObject({ status: 200, body: { seq: 2, durability: 'committed' } });
    expect(await questionsOf(begun)).toEqual([
      [1, 'first'],
      [2, question],
    ]);
    if (hasKey) {
      expectReplay(
        await ledger.ask(service, question, { conversationId, durability, headers }),
        reply,
      );
    }
    await expectHotAgain(ledger, begun, 2);
    await settle(service, ledger);
    expect(engine.callsFor(question)).toBe(1);
    expect(await questionsOf(begun)).toEqual([
      [1, 'first'],
      [2, question],
      [3, 'next'],
      [4, 'last'],
    ]);
  });

  it('begins a conversation once', async () => {
    const ledger = new Ledger();
    const lost = redis.proxy.loseReplyOnce(SCRIPTS.append.sha, how);
    const begun = await ledger.turn(service, 'first');
    await lost;
    expect(begun).toMatchObject({ seq: 1, durability: 'committed' });
    await expectHotAgain(ledger, begun, 1);
    await settle(service, ledger);
    expect(await questionsOf(begun)).toEqual([
      [1, 'first'],
      [2, 'next'],
      [3, 'last'],
    ]);
  });
});

describe('when an append is held up until its turn was written around Redis', () => {
  it.each(WAYS)('keeps %s once, in its place', async (way, durability, hasKey) => {
    const ledger = new Ledger();
    const begun = await ledger.turn(service, 'first', { durability: 'committed' });
    const { conversationId } = begun;
    const headers = hasKey ? { 'idempotency-key': `held-${way.replaceAll(' ', '-')}` } : {};
    const held = redis.proxy.holdOnce(SCRIPTS.append.sha);
    const reply = await ledger.ask(service, `held: ${way}`, {
      conversationId,
      durability,
      headers,
    });
    expect(reply).toMatchObject({ status: 200, body: { seq: 2, durability: 'committed' } });
    await held.reached;
    held.release();
    await expectHotAgain(ledger, begun, 2);
    await settle(service, ledger);
    expect(await questionsOf(begun)).toHaveLength(4);
  });

  it('does not carry it out on a connection that was given up since', async () => {
    const ledger = new Ledger();
    const begun = await ledger.turn(service, 'first', { durability: 'committed' });
    const { conversationId } = begun;
    const held = redis.proxy.holdOnce(SCRIPTS.append.sha);
    await ledger.turn(service, 'held for long', { conversationId });
    await held.reached;
    await expectHotAgain(ledger, begun, 2);
    held.release();
    await eventually(() => expect(redis.proxy.connections).toBe(2));
    expect(await redis.client.llen(conversationKeys(conversationId).turns)).toBe(4);
    await settle(service, ledger);
    expect(await questionsOf(begun)).toHaveLength(4);
  });
});

it('gets new connections when all it has are silent, and keeps what was said meanwhile', async () => {
  const ledger = new Ledger();
  const begun = await ledger.turn(service, 'first', { durability: 'committed' });
  redis.proxy.forget();
  const second = await ledger.turn(service, 'second', { conversationId: begun.conversationId });
  expect(second).toMatchObject({ seq: 2, durability: 'committed' });
  await expectHotAgain(ledger, begun, 2);
  await settle(service, ledger);
  expect(await questionsOf(begun)).toHaveLength(4);
});
