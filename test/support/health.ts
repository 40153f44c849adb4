import { afterAll, afterEach, expect } from 'vitest';
import { eventually } from './eventually.js';
import type { HttpClient, Reply } from './http-client.js';

// The promise is a second; on the way to a client a busy machine may take as long again.
const OWN_MS = 1000;
const ON_THE_WAY_MS = 1000;
const TICK_MS = 10;

export type HealthPath = '/health' | '/health/live' | '/health/ready' | '/health/sessions';

interface Answer {
  readonly path: HealthPath;
  /** Of the service alone, by what it says itself of its request. */
  readonly ownMs: number;
  readonly tookMs: number;
  /** For so long the machine let nobody work, by a clock that ticks beside. */
  readonly stalledMs: number;
}

let answers = 0;
let slowest: Answer = { path: '/health', ownMs: 0, tookMs: 0, stalledMs: 0 };
let tooSlow: Answer[] = [];

// Not where it is asked: a retry would pass over a slow one.
afterEach(() => {
  const slow = tooSlow;
  tooSlow = [];
  if (slow.length > 0) throw new Error(`health was too slow: ${JSON.stringify(slow)}`);
});
afterAll(() => {
  if (answers === 0) return;
  const { path, ownMs, tookMs, stalledMs } = slowest;
  console.log(
    `the slowest of ${answers} health answers: ${path}, ${ownMs.toFixed(0)} ms, ${tookMs.toFixed(0)} ms ` +
      `with its way, ${stalledMs.toFixed(0)} ms of it the machine stood still`,
  );
});

/** Asks, and has the test fail when the answer takes longer than a second, whatever comes of it. */
export async function askHealth<Body = object>(
  service: HttpClient,
  path: HealthPath,
): Promise<Reply<Body>> {
  const stalls = watchStalls();
  const startedMs = performance.now();
  const reply = await service.request<Body>('GET', path);
  const tookMs = performance.now() - startedMs;
  const stalledMs = stalls();
  const id = reply.headers.get('x-request-id')!;
  const ownMs = await eventually(() => {
    const found = service.ownMsOf(id);
    expect(found).not.toBeNull();
    return found!;
  });
  const answer = { path, ownMs, tookMs, stalledMs };
  answers++;
  if (ownMs > slowest.ownMs) slowest = answer;
  const isSlow = ownMs > OWN_MS + stalledMs || tookMs > OWN_MS + ON_THE_WAY_MS + stalledMs;
  if (isSlow) tooSlow.push(answer);
  return reply;
}

/** @returns what ends it, and tells by how much its ticks came late. */
function watchStalls(): () => number {
  let stalledMs = 0;
  let lastMs = performance.now();
  const tick = () => {
    const nowMs = performance.now();
    stalledMs += Math.max(0, nowMs - lastMs - 2 * TICK_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(tick, TICK_MS);
  return () => {
    clearInterval(timer);
    tick();
    return stalledMs;
  };
}
