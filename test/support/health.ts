import { afterAll, afterEach, expect } from 'vitest';
import { eventually } from './eventually.js';
import type { HttpClient, Reply } from './http-client.js';

// The promise is a second; on the way to a client a busy machine may take as long again.
const OWN_MS = 1000;
const ON_THE_WAY_MS = 1000;

export type HealthPath = '/health' | '/health/live' | '/health/ready' | '/health/sessions';

interface Answer {
  readonly path: HealthPath;
  /** Of the service alone, by what it says itself of its request. */
  readonly ownMs: number;
  readonly tookMs: number;
}

let answers = 0;
let slowest: Answer = { path: '/health', ownMs: 0, tookMs: 0 };
let tooSlow: Answer[] = [];

// Not where it is asked: a retry would pass over a slow one.
afterEach(() => {
  const slow = tooSlow;
  tooSlow = [];
  if (slow.length > 0) throw new Error(`health was too slow: ${JSON.stringify(slow)}`);
});
afterAll(() => {
  if (answers === 0) return;
  const [ownMs, tookMs] = [slowest.ownMs.toFixed(0), slowest.tookMs.toFixed(0)];
  console.log(
    `the slowest of ${answers} health answers: ${slowest.path}, ${ownMs} ms, ${tookMs} ms with its way`,
  );
});

/** Asks, and has the test fail when the answer takes longer than a second, whatever comes of it. */
export async function askHealth<Body = object>(
  service: HttpClient,
  path: HealthPath,
): Promise<Reply<Body>> {
  const startedMs = performance.now();
  const reply = await service.request<Body>('GET', path);
  const tookMs = performance.now() - startedMs;
  const id = reply.headers.get('x-request-id')!;
  const ownMs = await eventually(() => {
    const found = service.ownMsOf(id);
    expect(found).not.toBeNull();
    return found!;
  });
  const answer = { path, ownMs, tookMs };
  answers++;
  if (ownMs > slowest.ownMs) slowest = answer;
  if (ownMs > OWN_MS || tookMs > ownMs + ON_THE_WAY_MS) tooSlow.push(answer);
  return reply;
}
