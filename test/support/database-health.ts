import { expect } from 'vitest';
import { eventually } from './eventually.js';
import type { HttpClient } from './http-client.js';

// The promise is a second; what this machine does besides must not decide the test.
const WITHIN_MS = 2000;

/** Waits until the service knows it, and expects health to say so, and within a second. */
export async function databaseIs(state: 'up' | 'away', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { body } = await health(service, '/health/sessions');
    expect(body).toMatchObject({ redis_healthy: true, database_healthy: state === 'up' });
  });
  if (state === 'up') return;
  const { body } = await health(service, '/health');
  expect(body).toMatchObject({ status: 'degraded', details: { database: { status: 'degraded' } } });
  expect((await health(service, '/health/ready')).status).toBe(200);
}

/** Expects that both stores are there, and that health says whether turns get from one to the other. */
export async function syncIs(state: 'up' | 'degraded', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { body } = await health(service, '/health');
    expect(body).toMatchObject({
      details: { redis: { status: 'up' }, database: { status: 'up' }, sync: { status: state } },
    });
  });
}

async function health(service: HttpClient, path: string) {
  const startedMs = performance.now();
  const reply = await service.request<object>('GET', path);
  expect(performance.now() - startedMs).toBeLessThan(WITHIN_MS);
  expect(reply.status).toBe(200);
  return reply;
}
