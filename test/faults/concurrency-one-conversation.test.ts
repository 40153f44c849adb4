import { expect, it } from 'vitest';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { archivedTurns } from '../support/archive-contents.js';
import type { Reply } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { createProcessStage } from '../support/process-stage.js';
import { redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const PARALLEL = 50;

const stage = await createProcessStage();
const { redis, database } = stage;
const instances = [await stage.start(), await stage.start(), await stage.start()];
const [one] = instances as [(typeof instances)[0]];
// Fifty turns at once take a cold process longer than a request has for Redis.
await beginMany(new Ledger(), instances, PARALLEL);

type Durability = 'accepted' | 'committed';
const inTurn = (index: number): Durability => (index % 2 === 0 ? 'accepted' : 'committed');

/** One turn in Postgres, then fifty at once through all instances. */
async function begin(ledger: Ledger, durabilityOf: (index: number) => Durability) {
  const first = await ledger.turn(one, 'first', { durability: 'committed' });
  const { conversationId } = first;
  const replies = Array.from({ length: PARALLEL }, (_, index) =>
    ledger.ask(instances[index % instances.length]!, `question ${index}`, {
      conversationId,
      durability: durabilityOf(index),
    }),
  );
  return { conversationId, replies };
}

/** On a machine that lets fifty turns wait longer than a request does for Redis, they take places around it. */
async function onceRedisKeepsUp<T>(round: () => Promise<T>): Promise<T> {
  const timesAway = () =>
    instances.reduce((sum, each) => sum + each.output().split('Redis is away').length, 0);
  for (;;) {
    const before = timesAway();
    const result = await round();
    if (timesAway() === before) return result;
    for (const each of instances) await redisIs('up', each);
  }
}

const answerTo = (question: string) => new RegExp(`^You asked: ${question}\\b`);

function expectOwnAnswers(replies: readonly Reply<ChatReply>[]): void {
  const wrong = replies.filter(
    ({ status, body }, index) => status === 200 && !answerTo(`question ${index}`).test(body.answer),
  );
  expect(wrong).toEqual([]);
}

/** The archive numbers its turns 1, 2, 3 …, each question with its own answer. */
async function expectDense(conversationId: string): Promise<number> {
  const archived = await archivedTurns(database, conversationId);
  expect(archived.map(({ seq }) => seq)).toEqual(archived.map((_, index) => index + 1));
  for (const { question, answer } of archived) expect(answer).toMatch(answerTo(question));
  return archived.length;
}

it.each<[string, (index: number) => Durability]>([
  ['accepted', () => 'accepted'],
  ['committed', () => 'committed'],
  ['accepted and committed', inTurn],
])(
  'keeps fifty %s turns at once in one conversation, each in a place of its own',
  async (_, of) => {
    const { ledger, conversationId, answered } = await onceRedisKeepsUp(async () => {
      const round = new Ledger();
      const begun = await begin(round, of);
      return { ...begun, ledger: round, answered: await Promise.all(begun.replies) };
    });
    expect(answered.map(({ status }) => status)).toEqual(answered.map(() => 200));
    expectOwnAnswers(answered);
    const places = answered.map(({ body }) => body.seq!).toSorted((a, b) => a - b);
    expect(places).toEqual(Array.from({ length: PARALLEL }, (__, index) => index + 2));

    await expectVerified(one, redis);
    expect(await ledger.compare(database)).toEqual({
      lost: [],
      doubled: [],
      reordered: [],
      overtaking: [],
    });
    expect(await expectDense(conversationId)).toBe(1 + PARALLEL);
    const archived = new Map(
      (await archivedTurns(database, conversationId)).map(({ id, seq }) => [id, seq]),
    );
    for (const { body } of answered) expect(archived.get(body.turn_id!)).toBe(body.seq);
  },
);

// At one instant: what is unsynced, then nothing at all.
const EMPTY = `
local meta = redis.call('HMGET', KEYS[1], 'last', 'synced')
redis.call('FLUSHALL')
return meta[1] and meta[1] - meta[2] or 0`;

it('loses no more than what was unsynced when Redis is emptied amid fifty turns at once', async () => {
  const ledger = new Ledger();
  const { conversationId, replies } = await begin(ledger, inTurn);
  await Promise.any(replies);
  const unsynced = (await redis.eval(EMPTY, 1, conversationKeys(conversationId).meta)) as number;
  const answered = await Promise.all(replies);
  expectOwnAnswers(answered);
  for (const { status } of answered) expect([200, 503]).toContain(status);

  await expectVerified(one, redis);
  const { lost, ...others } = await ledger.compare(database);
  expect(others).toEqual({ doubled: [], reordered: [], overtaking: [] });
  console.log(
    `Redis emptied: ${unsynced} turns were unsynced, ${lost.length} acknowledged ones lost`,
  );
  expect(lost.length).toBeLessThanOrEqual(unsynced);
  const durabilities = ledger.acknowledged.filter(({ turnId }) => lost.includes(turnId));
  for (const { durability } of durabilities) expect(durability).toBe('accepted');
  expect(await expectDense(conversationId)).toBeGreaterThanOrEqual(
    ledger.acknowledged.length - lost.length,
  );
});

it('keeps every acknowledged one of fifty turns at once while Redis goes away and comes back', async () => {
  const ledger = new Ledger();
  const { conversationId, replies } = await begin(ledger, inTurn);
  await Promise.any(replies);
  for (const { redisLink } of instances) redisLink.refuse();
  const during = await Promise.all(
    instances.map((instance, index) =>
      ledger.ask(instance, `question ${PARALLEL + index}`, { conversationId }),
    ),
  );
  for (const { redisLink } of instances) redisLink.pass();
  const answered = [...(await Promise.all(replies)), ...during];
  expectOwnAnswers(answered);
  for (const { status } of answered) expect([200, 503]).toContain(status);
  for (const instance of instances) await redisIs('up', instance);

  await expectVerified(one, redis);
  const { overtaking, ...others } = await ledger.compare(database);
  expect(others).toEqual({ lost: [], doubled: [], reordered: [] });
  console.log(`${overtaking.length} turns overtook others that Redis held`);
  expect(await expectDense(conversationId)).toBeGreaterThanOrEqual(ledger.acknowledged.length);
  const next = await ledger.turn(one, 'after all', { conversationId, durability: 'committed' });
  expect(next.seq).toBe(await expectDense(conversationId));
});
