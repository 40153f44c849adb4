import { expect, it } from 'vitest';
import { SCRIPTS } from '../../src/journal/scripts.js';
import { eventually } from '../support/eventually.js';
import { metadataOf, textOf, typesOf } from '../support/event-streams.js';
import { createProcessStage } from '../support/process-stage.js';
import {
  ask,
  resume,
  says,
  slowly,
  storedAnswers,
  tells,
  wordsOf,
} from '../support/stream-stage.js';
import { expectVerified } from '../support/verified.js';

const TOLD_WITHIN_MS = 10_000;
const QUESTION = 'What is attention?';

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const other = await stage.start();

it('ends with an error within ten seconds where its instance was killed, and keeps what was said', async () => {
  const killed = await stage.start();
  tells(engine, slowly(wordsOf(1000), 20));
  const { stream, conversationId, turnId } = await ask(killed, QUESTION);
  const shown = await stream.until(says('word5'));
  const again = await resume(other, conversationId, shown.id);
  expect(again.status).toBe(200);
  await again.until(says('word20'));
  killed.kill('SIGKILL');
  const killedMs = performance.now();
  const frames = await again.rest();
  const tookMs = performance.now() - killedMs;
  console.log(`told ${tookMs.toFixed(0)} ms after the death`);
  expect(tookMs).toBeLessThan(TOLD_WITHIN_MS);
  expect(typesOf(frames).slice(-4)).toEqual(['text-end', 'message-metadata', 'error', '[DONE]']);
  expect(metadataOf(frames, 'message-metadata')).toMatchObject({ seq: 1, status: 'partial' });

  await expectVerified(other, redis);
  const before = textOf(
    stream.frames.slice(0, stream.frames.findIndex(({ id }) => id === shown.id) + 1),
  );
  expect(await storedAnswers(database, conversationId)).toEqual([
    { id: turnId, seq: 1, question: QUESTION, status: 'partial', answer: before + textOf(frames) },
  ]);
});

it('keeps what was said once, however many readers find it dead', async () => {
  const killed = await stage.start();
  tells(engine, slowly(wordsOf(1000), 20));
  const third = await stage.start();
  const { stream, conversationId, turnId } = await ask(killed, QUESTION);
  await stream.until(says('word5'));
  const readers = await Promise.all(
    [other, third, other, third].map((each) => resume(each, conversationId)),
  );
  killed.kill('SIGKILL');
  const texts = await Promise.all(readers.map(async (each) => textOf(await each.rest())));
  expect(new Set(texts).size).toBe(1);
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'partial', answer: texts[0] },
  ]);
});

it('keeps what was said although nobody comes back for it', async () => {
  const killed = await stage.start();
  tells(engine, slowly(wordsOf(1000), 20));
  const { stream, conversationId, turnId } = await ask(killed, QUESTION);
  await stream.until(says('word5'));
  killed.kill('SIGKILL');
  await expect
    .poll(() => storedAnswers(database, conversationId), { timeout: 60_000, interval: 500 })
    .toMatchObject([{ id: turnId, status: 'partial', answer: expect.stringContaining('word3') }]);
  await expectVerified(other, redis);
});

it('tells the end of an answer that was whole when its instance was killed', async () => {
  const killed = await stage.start();
  tells(engine, slowly(wordsOf(10), 20));
  killed.postgresLink.blackhole();
  const { stream, conversationId, turnId } = await ask(killed, QUESTION);
  await stream.rest();
  expect(await storedAnswers(database, conversationId)).toEqual([]);

  tells(engine, slowly(wordsOf(10), 20));
  const held = killed.redisLink.holdOnce(SCRIPTS.end.sha);
  const second = await ask(killed, 'And then?', { conversationId });
  await second.stream.until(says('word9'));
  await held.reached;
  killed.kill('SIGKILL');
  const again = await resume(other, conversationId);
  const frames = await again.rest();
  expect(typesOf(frames).slice(-3)).toEqual(['text-end', 'finish', '[DONE]']);
  expect(metadataOf(frames, 'finish')).toMatchObject({ seq: 2, status: 'complete' });
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, seq: 1, status: 'complete' },
    { id: second.turnId, seq: 2, status: 'complete', answer: textOf(frames) },
  ]);
});

it('keeps one turn, and says which, when its instance was only frozen', async () => {
  const frozen = await stage.start();
  tells(engine, slowly(wordsOf(100), 20));
  const { stream, conversationId, turnId } = await ask(frozen, QUESTION);
  await stream.until(says('word5'));
  const again = await resume(other, conversationId);
  await again.until(says('word8'));
  frozen.kill('SIGSTOP');
  const frames = await again.rest();
  expect(typesOf(frames).slice(-2)).toEqual(['error', '[DONE]']);
  const stored = await storedAnswersSoon(conversationId);
  expect(stored).toMatchObject([{ id: turnId, status: 'partial', answer: textOf(frames) }]);

  frozen.kill('SIGCONT');
  const own = await stream.rest();
  // It has heard more, but more is not kept.
  expect(typesOf(own).slice(-2)).toEqual(['error', '[DONE]']);
  expect(metadataOf(own, 'message-metadata')).toMatchObject({ seq: 1, status: 'partial' });
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toEqual(stored);

  const next = await ask(frozen, 'And then?', { conversationId });
  expect(metadataOf(await next.stream.rest(), 'finish')).toMatchObject({ seq: 2 });
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toMatchObject([...stored, { seq: 2 }]);
});

const storedAnswersSoon = (conversationId: string) =>
  eventually(async () => {
    const stored = await storedAnswers(database, conversationId);
    expect(stored).toHaveLength(1);
    return stored;
  });

it('answers the retry of a killed key with what is kept', async () => {
  const killed = await stage.start();
  const headers = { 'idempotency-key': 'killed-stream' };
  tells(engine, slowly(wordsOf(1000), 20));
  const { stream, conversationId, turnId } = await ask(killed, QUESTION, { headers });
  await stream.until(says('word5'));
  const again = await resume(other, conversationId);
  killed.kill('SIGKILL');
  const told = textOf(await again.rest());
  const calls = engine.calls;
  const retried = await ask(other, QUESTION, { headers });
  expect(retried.stream.headers.get('idempotency-replayed')).toBe('true');
  expect([retried.conversationId, retried.turnId]).toEqual([conversationId, turnId]);
  expect(textOf(await retried.stream.rest())).toBe(told);
  expect(metadataOf(retried.stream.frames, 'finish')).toMatchObject({ status: 'partial' });
  expect(engine.calls).toBe(calls);
  await expectVerified(other, redis);
  expect(await storedAnswers(database, conversationId)).toHaveLength(1);
});
