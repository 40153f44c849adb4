import { expect, it } from 'vitest';
import { LocalCounters } from '../../src/limits/local-counters.js';

const WINDOW_MS = 60_000;

it('counts each caller from the first request to the end of the minute', () => {
  const counters = new LocalCounters();
  expect(counters.hit('anna', WINDOW_MS, 0)).toEqual([1, WINDOW_MS]);
  expect(counters.hit('ben', WINDOW_MS, 10_000)).toEqual([1, WINDOW_MS]);
  expect(counters.hit('anna', WINDOW_MS, WINDOW_MS - 1)).toEqual([2, 1]);
  expect(counters.look('anna', WINDOW_MS - 1)).toEqual([2, 1]);
  expect(counters.look('anna', WINDOW_MS)).toEqual([0, 0]);
  expect(counters.hit('anna', WINDOW_MS, WINDOW_MS)).toEqual([1, WINDOW_MS]);
  expect(counters.look('nobody', 0)).toEqual([0, 0]);
});

it('holds a bounded number of callers, and gives up the oldest', () => {
  const counters = new LocalCounters(1000);
  for (let caller = 0; caller < 10_000; caller++) counters.hit(`${caller}`, WINDOW_MS, caller);
  expect(counters.size).toBe(1000);
  expect(counters.look('8999', 10_000)).toEqual([0, 0]);
  expect(counters.look('9000', 10_000)).toEqual([1, WINDOW_MS - 1000]);
  expect(counters.look('9999', 10_000)).toEqual([1, WINDOW_MS - 1]);
});

it('forgets callers whose minute is over when others come', () => {
  const counters = new LocalCounters();
  for (let caller = 0; caller < 1000; caller++) counters.hit(`${caller}`, WINDOW_MS, 0);
  counters.hit('late', WINDOW_MS, WINDOW_MS);
  expect(counters.size).toBe(1);
});
