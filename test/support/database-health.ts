import { expect } from 'vitest';
import { eventually } from './eventually.js';
import { askHealth } from './health.js';
import type { HttpClient } from './http-client.js';

/** Waits until the service knows it, and expects health to say so. */
export async function databaseIs(state: 'up' | 'away', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { status, body } = await askHealth(service, '/health/sessions');
    expect(status).toBe(200);
    expect(body).toMatchObject({ redis_healthy: true, database_healthy: state === 'up' });
  });
  if (state === 'up') return;
  const { status, body } = await askHealth(service, '/health');
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'degraded', details: { database: { status: 'degraded' } } });
  expect((await askHealth(service, '/health/ready')).status).toBe(200);
}

/** Expects that both stores are there, and that health says whether turns get from one to the other. */
export async function syncIs(state: 'up' | 'degraded', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { status, body } = await askHealth(service, '/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      details: { redis: { status: 'up' }, database: { status: 'up' }, sync: { status: state } },
    });
  });
}
