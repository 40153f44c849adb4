import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { textOf } from '../support/event-streams.js';
import { createEngine } from '../support/faults.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { ask, resume, says, slowly, tells, wordsOf } from '../support/stream-stage.js';

const QUESTION = 'What is attention?';
const READERS = 100;

const redis = await createRedis();
const client = redisClient(redis.url);
const database = await createDatabase();
const engine = await createEngine();
const variables = { REDIS_URL: redis.url, DATABASE_URL: database.url, ...engine.variables };
const one = await startService(variables);
const other = await startService(variables);

/** How often a journal was read since the last look. */
async function reads(): Promise<number> {
  const stats = await client.info('commandstats');
  await client.config('RESETSTAT');
  return Number(/cmdstat_xrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

it('asks Redis no more for a hundred readers of one answer than for one', async () => {
  tells(engine, slowly(wordsOf(400), 20));
  const { stream, conversationId } = await ask(one, QUESTION);
  await stream.until(says('word3'));
  const startedMs = performance.now();
  await reads();
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => resume(other, conversationId)),
  );
  const whole = await stream.rest();
  for (const reader of readers) expect(await reader.rest()).toEqual(whole);
  // One looks ten times a second.
  const most = (performance.now() - startedMs) / 100 + 5;
  expect(await reads()).toBeLessThan(most);
  expect(textOf(whole)).toBe(wordsOf(400).join(''));
});

it('asks Redis no more when the last reader has gone, and again for the next one', async () => {
  tells(engine, slowly(wordsOf(1500), 20), 'done');
  const { stream, conversationId } = await ask(one, QUESTION);
  const [first, second] = [
    await resume(other, conversationId),
    await resume(other, conversationId),
  ];
  await Promise.all([first, second].map((each) => each.until(says('word3'))));
  first.cut();
  const seen = second.frames.length;
  await second.read(seen + 10);
  second.cut();
  await eventually(async () => {
    await reads();
    // Five times as long as between two looks.
    await delay(500);
    expect(await reads()).toBe(0);
  });
  const third = await resume(other, conversationId, second.frames[2]!.id);
  expect(await third.read(5)).toEqual(second.frames.slice(3, 8));
  stream.cut();
});
