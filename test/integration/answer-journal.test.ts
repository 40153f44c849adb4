import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterAll, describe, expect, it } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import {
  type AnswerHead,
  JOURNAL_START,
  type JournalEvent,
} from '../../src/conversation/answer-journal.js';
import { Vault } from '../../src/crypto/vault.js';
import { RedisJournal } from '../../src/journal/redis.journal.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { RedisConnection } from '../../src/redis/redis.connection.js';
import { eventually } from '../support/eventually.js';
import { everythingIn, redisClient } from '../support/redis-contents.js';
import { storeOn } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';

const KEYS = `one:${Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64')}`;
const CANARY = 'canary-4711';

Logger.overrideLogger(false);

const redis = await createRedis();
const client = redisClient(redis.url);

async function openJournal(keys: Record<string, string> = {}): Promise<RedisJournal> {
  const environment = new Environment({ REDIS_URL: redis.url, ...keys });
  const connection = new RedisConnection(environment);
  await connection.onApplicationBootstrap();
  afterAll(() => connection.onApplicationShutdown());
  return new RedisJournal(connection, new Vault(environment), environment);
}

const headOf = (): AnswerHead => ({
  conversationId: randomUUID(),
  turnId: randomUUID(),
  owner: 'ada',
  create: true,
  keyring: '',
  question: `What is ${CANARY}?`,
  metadata: { course: CANARY },
  idempotency: null,
  expectedSeq: undefined,
  erasureMark: null,
  history: { source: 'none', turns_used: 0, turns_available: 0, tokens: 0 },
  startedAt: 1,
});

const saysOf = (count: number): JournalEvent[] =>
  Array.from({ length: count }, (_, index) => ({ type: 'text', text: `${CANARY} ${index}` }));

/** Makes its holder look dead, without waiting for it. */
const kill = ({ conversationId, turnId }: AnswerHead) =>
  client
    .keys('conversation:{*}:answers')
    .then((keys) =>
      Promise.all(keys.map((key) => client.zadd(key, 'XX', '1', `${conversationId}:${turnId}`))),
    );

function open(journal: RedisJournal, head: AnswerHead, events: JournalEvent[]) {
  const heard = { stops: 0, taken: 0, erased: 0 };
  const writer = journal.open(head, events, {
    stopWanted: () => heard.stops++,
    taken: () => heard.taken++,
    erased: () => heard.erased++,
  });
  return { writer, heard };
}

describe.each([
  ['as it is', {}],
  ['sealed', { ENCRYPTION_KEYS: KEYS }],
])('the journal of an answer, %s', async (_, keys) => {
  const journal = await openJournal(keys);
  const other = await openJournal(keys);

  it('gives all events in order, and the end', async () => {
    const [head, events] = [headOf(), saysOf(3)];
    const { writer } = open(journal, head, events);
    await eventually(async () =>
      expect((await other.read(head, JOURNAL_START)).events).toHaveLength(3),
    );
    const first = await other.read(head, JOURNAL_START);
    events.push(...saysOf(2));
    expect(await writer.end({ type: 'ended' }, true)).toBe('ended');
    const rest = await other.read(head, first.next);
    expect([...first.events, ...rest.events]).toEqual([...events, { type: 'ended' }]);
    expect(rest).toMatchObject({ state: 'ended', owner: 'ada' });
    expect(await other.running(head.conversationId)).toEqual([]);
  });

  it('is taken over once, with all that was said and what has to be kept', async () => {
    const [head, events] = [headOf(), saysOf(3)];
    const { writer, heard } = open(journal, head, events);
    await eventually(async () =>
      expect((await other.read(head, JOURNAL_START)).events).toHaveLength(3),
    );
    expect(await other.takeOver(head)).toBeNull();
    writer.abandon();
    await kill(head);
    expect((await other.read(head, JOURNAL_START)).state).toBe('dead');
    expect(await other.dead()).toContainEqual({
      conversationId: head.conversationId,
      turnId: head.turnId,
    });
    const takers = await Promise.all([1, 2, 3].map(() => other.takeOver(head)));
    const taken = takers.filter((each) => each !== null);
    expect(taken).toHaveLength(1);
    expect(taken[0]!.events).toEqual(events);
    expect({ ...taken[0]!.head, keyring: '', expectedSeq: undefined }).toEqual(head);
    expect((await other.read(head, JOURNAL_START)).state).toBe('taken');
    expect(await writer.end({ type: 'ended' }, true)).toBe('taken');
    await taken[0]!.end({ type: 'ended', by: 'the taker' }, true);
    expect((await other.read(head, JOURNAL_START)).events.at(-1)).toEqual({
      type: 'ended',
      by: 'the taker',
    });
    expect(heard.taken).toBe(0);
  });

  it('tells a holder that goes on that it was taken over', async () => {
    const head = headOf();
    const { heard } = open(journal, head, saysOf(1));
    await eventually(async () => expect(await other.running(head.conversationId)).toHaveLength(1));
    await eventually(async () => {
      await kill(head);
      expect(await other.takeOver(head)).not.toBeNull();
    });
    await eventually(() => expect(heard.taken).toBe(1));
  });

  it('tells a holder that its conversation was erased, and not that somebody looks whether to erase it', async () => {
    const [erased, shut] = [headOf(), headOf()];
    const { meta } = conversationKeys(shut.conversationId);
    await client.hset(meta, 'erased', 'a token');
    const other = open(journal, shut, saysOf(1));
    const { heard } = open(journal, erased, saysOf(1));
    await eventually(async () =>
      expect(await journal.running(erased.conversationId)).toHaveLength(1),
    );
    await storeOn(client).erase(erased.conversationId);
    await eventually(() => expect(heard.erased).toBe(1));
    expect(await journal.running(erased.conversationId)).toEqual([]);
    expect(await journal.running(shut.conversationId)).toHaveLength(1);
    expect(other.heard).toEqual({ stops: 0, taken: 0, erased: 0 });
    other.writer.abandon();
  });

  it('tells the holder of a stop', async () => {
    const head = headOf();
    const { writer, heard } = open(journal, head, saysOf(1));
    await eventually(async () => expect(await other.running(head.conversationId)).toHaveLength(1));
    await other.stop(head);
    await eventually(() => expect(heard.stops).toBeGreaterThan(0));
    expect(await writer.end({ type: 'ended' }, false)).toBe('ended');
    expect((await other.read(head, JOURNAL_START)).state).toBe('absent');
  });
});

it('holds nothing in the clear where contents are sealed, and opens under its own conversation alone', async () => {
  const journal = await openJournal({ ENCRYPTION_KEYS: KEYS });
  await client.flushall();
  const head = headOf();
  const { writer } = open(journal, head, saysOf(3));
  await eventually(async () =>
    expect((await journal.read(head, JOURNAL_START)).events).toHaveLength(3),
  );
  const everything = await everythingIn(client);
  expect(everything).not.toContain(CANARY);
  expect(everything).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 12));

  const [key] = await client.keys('*:answer:*');
  const [[, fields]] = (await client.xrange(key!, '-', '+')) as [[string, string[]]];
  await client.xadd(key!, '*', ...fields);
  // The same entry in another place is not taken for the next one.
  expect((await journal.read(head, JOURNAL_START)).events).toHaveLength(3);
  const moved = fields[1]!.replace(/^\[0,/, '[3,');
  await client.xadd(key!, '*', 'e', moved);
  await expect(journal.read(head, JOURNAL_START)).rejects.toMatchObject({
    code: 'decryption_failed',
  });
  writer.abandon();
});
