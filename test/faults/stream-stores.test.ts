import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { metadataOf, openStream, textOf, typesOf } from '../support/event-streams.js';
import { Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';
import {
  ask,
  resume,
  says,
  slowly,
  storedAnswers,
  tells,
  wordsOf,
} from '../support/stream-stage.js';

const QUESTION = 'What is attention?';

const stage = await createStage();
const { redis, database, postgresLink, engine } = stage;
const service = await stage.start();
const other = await stage.start();

// No ledger books streamed turns: each test compares those that it has seen by itself.
const settle = () => stage.settle(service, new Ledger(), { unheard: Infinity });

it('tells an answer to its end when Redis is killed in mid-answer, and commits the turn', async () => {
  tells(engine, slowly(wordsOf(100), 30));
  const { stream, conversationId, turnId } = await ask(service, QUESTION);
  await stream.until(says('word10'));
  await redis.kill();
  await redisIs('away', service);
  const away = await resume(other, conversationId);
  expect(away.status).toBe(503);
  const local = await resume(service, conversationId);
  expect(local.status).toBe(200);
  const frames = await stream.rest();
  expect(await local.rest()).toEqual(frames);
  expect(textOf(frames)).toBe(wordsOf(100).join(''));
  expect(metadataOf(frames, 'finish')).toMatchObject({ seq: 1, durability: 'committed' });
  await redis.restart();
  await settle();
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, seq: 1, status: 'complete', answer: textOf(frames) },
  ]);
});

it('can be resumed elsewhere again when Redis was emptied in mid-answer', async () => {
  tells(engine, slowly(wordsOf(150), 30));
  const { stream, conversationId, turnId } = await ask(service, QUESTION);
  await stream.until(says('word10'));
  await redis.client.flushall();
  await stream.until(says('word60'));
  const again = await resume(other, conversationId);
  expect(again.status).toBe(200);
  const [frames, own] = await Promise.all([again.rest(), stream.rest()]);
  expect(frames).toEqual(own);
  expect(typesOf(frames).slice(-2)).toEqual(['finish', '[DONE]']);
  await settle();
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'complete', answer: textOf(frames) },
  ]);
});

it('tells an answer while Postgres is away, and archives the turn when it is back', async () => {
  tells(engine, slowly(wordsOf(30), 20));
  const { stream, conversationId, turnId } = await ask(service, QUESTION);
  await stream.until(says('word5'));
  postgresLink.refuse();
  const again = await resume(other, conversationId);
  const frames = await again.rest();
  expect(metadataOf(frames, 'finish')).toMatchObject({ seq: 1, durability: 'accepted' });
  expect(await stream.rest()).toEqual(frames);
  expect(await storedAnswers(database, conversationId)).toEqual([]);
  postgresLink.pass();
  await settle();
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'complete', answer: wordsOf(30).join('') },
  ]);
});

it('refuses a stream before its first frame when no store could keep the turn', async () => {
  postgresLink.refuse();
  await redis.kill();
  const calls = await eventually(async () => {
    const before = engine.calls;
    const refused = await openStream(`${service.url}/chat/stream`, { body: { query: QUESTION } });
    refused.cut();
    expect(refused.status).toBe(503);
    return before;
  });
  expect(engine.calls).toBe(calls);
  await redis.restart();
  postgresLink.pass();
  await settle();
});

it.each([
  ['breaks off', 'cut', {}],
  ['ends without a word', 'end', {}],
  ['says nothing more', 'silence', { ANSWER_IDLE_TIMEOUT_MS: '500' }],
  ['takes too long', 'silence', { ANSWER_TIMEOUT_MS: '1500', ANSWER_IDLE_TIMEOUT_MS: '60000' }],
] as const)('keeps what an engine said that %s', async (_, end, variables) => {
  const own = await stage.start(variables);
  tells(engine, wordsOf(10), end);
  const { stream, conversationId, turnId } = await ask(own, QUESTION);
  const frames = await stream.rest();
  expect(typesOf(frames).slice(-4)).toEqual(['text-end', 'message-metadata', 'error', '[DONE]']);
  expect(metadataOf(frames, 'message-metadata')).toMatchObject({
    seq: 1,
    status: 'partial',
    error: expect.stringMatching(/^answer_engine_(failed|timeout)$/),
  });
  await settle();
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'partial', answer: textOf(frames) },
  ]);
});

it('cuts an answer at ANSWER_MAX_BYTES, and finishes it as a partial one', async () => {
  const own = await stage.start({ ANSWER_MAX_BYTES: '50' });
  tells(engine, wordsOf(100));
  const { stream, conversationId } = await ask(own, QUESTION);
  const frames = await stream.rest();
  expect(metadataOf(frames, 'finish')).toMatchObject({ seq: 1, status: 'partial' });
  expect(Buffer.byteLength(textOf(frames))).toBeLessThanOrEqual(50);
  await settle();
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { status: 'partial', answer: textOf(frames) },
  ]);
});
