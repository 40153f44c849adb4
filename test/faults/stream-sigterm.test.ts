import { expect, it } from 'vitest';
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

const QUESTION = 'What is attention?';

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const other = await stage.start();

it('finishes the answers that are under way before it ends, also those that nobody reads', async () => {
  const stopped = await stage.start({ SHUTDOWN_GRACE_MS: '60000', AUTO_SYNC_TO_DB: 'false' });
  tells(engine, slowly(wordsOf(50), 30));
  const read = await ask(stopped, 'read to the end?');
  tells(engine, slowly(wordsOf(50), 30));
  const left = await ask(stopped, 'left?');
  await left.stream.until(says('word3'));
  left.stream.cut();
  stopped.kill('SIGTERM');
  expect(metadataOf(await read.stream.rest(), 'finish')).toMatchObject({ seq: 1 });
  expect(await stopped.exited).toBe(0);
  for (const { conversationId, turnId } of [read, left]) {
    expect(await storedAnswers(database, conversationId)).toMatchObject([
      { id: turnId, status: 'complete', answer: wordsOf(50).join('') },
    ]);
  }
  await expectVerified(other, redis);
});

it('keeps what was said of an answer that would outlast the grace time, and tells its reader', async () => {
  const stopped = await stage.start({ SHUTDOWN_GRACE_MS: '5000' });
  tells(engine, wordsOf(10), 'silence');
  const { stream, conversationId, turnId } = await ask(stopped, QUESTION);
  await stream.until(says('word8'));
  stopped.kill('SIGTERM');
  const frames = await stream.rest();
  expect(typesOf(frames).slice(-3)).toEqual(['message-metadata', 'error', '[DONE]']);
  expect(await stopped.exited).toBe(0);
  expect(await storedAnswers(database, conversationId)).toMatchObject([
    { id: turnId, status: 'partial', answer: textOf(frames) },
  ]);
  await expectVerified(other, redis);
});

it('lets go of the readers of other instances, who go on elsewhere', async () => {
  const stopped = await stage.start({ SHUTDOWN_GRACE_MS: '60000' });
  tells(engine, slowly(wordsOf(100), 30));
  const { stream, conversationId } = await ask(other, QUESTION);
  const guest = await resume(stopped, conversationId);
  await guest.until(says('word3'));
  stopped.kill('SIGTERM');
  await expect(guest.rest()).rejects.toThrow();
  expect(await stopped.exited).toBe(0);
  const again = await resume(other, conversationId, guest.frames.at(-1)!.id);
  const whole = [...guest.frames, ...(await again.rest())];
  expect(whole).toEqual(await stream.rest());
  await expectVerified(other, redis);
});
