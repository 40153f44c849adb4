import { expect, it } from 'vitest';
import { LATE, within } from '../../src/breaker/within.js';

it('gives what came in time, a failure too, and says what is late', async () => {
  expect(await within(60_000, Promise.resolve('an answer'))).toBe('an answer');
  await expect(within(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await within(1, new Promise(() => undefined))).toBe(LATE);
});

it('takes an answer that came while this process was busy for one in time', async () => {
  const answer = new Promise((resolve) => setTimeout(resolve, 2, 'an answer'));
  const outcome = within(1, answer);
  const untilMs = performance.now() + 20;
  while (performance.now() < untilMs);
  expect(await outcome).toBe('an answer');
});

it('lets late work fail in peace', async () => {
  let fail!: (error: Error) => void;
  const work = new Promise<never>((_, reject) => (fail = reject));
  expect(await within(1, work)).toBe(LATE);
  fail(new Error('much later'));
  await expect(work).rejects.toThrow('much later');
});
