import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { createFaultyRedis } from '../support/faults.js';
import type { FaultyRedis } from '../support/faulty-stores.js';
import { askHealth } from '../support/health.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { expectSettled } from '../support/settled.js';
import { createDatabase } from '../support/stores.js';

interface Health {
  readonly status: string;
  readonly details: Record<string, { status: string; message?: string }>;
}

const on = (settings: Record<string, string>) => createFaultyRedis(settings);
const RISKY = [
  ['evicts whatever it likes', await on({ 'maxmemory-policy': 'allkeys-lru' }), 'may evict'],
  ['keeps no append-only file', await on({ appendonly: 'no' }), 'a restart loses'],
] as const;
const SAFE = [
  ['evicts clean sessions alone', await on({ 'maxmemory-policy': 'volatile-ttl' })],
  ['evicts nothing', await on({ 'maxmemory-policy': 'noeviction' })],
] as const;
const changed = await on({});
const database = await createDatabase();
const ledger = new Ledger();

/** Starts the service on such a Redis: turns are accepted, whatever they are worth there. */
async function startOn(redis: FaultyRedis) {
  const service = await startInstance({ REDIS_URL: redis.url, DATABASE_URL: database.url });
  const turn = await ledger.turn(service, `question ${ledger.acknowledged.length}`);
  expect(turn.durability).toBe('accepted');
  await expectSettled(service, { redis: redis.client, database }, ledger);
  const health = async () => {
    const { status, body } = await askHealth<Health>(service, '/health');
    expect(status).toBe(200);
    return body;
  };
  return { service, health };
}

it.each(RISKY)(
  'says in the log and in health what a Redis that %s may lose',
  async (_, redis, danger) => {
    const { health, service } = await startOn(redis);
    const { status, details } = await health();
    expect({ status, redis: details.redis?.status }).toEqual({
      status: 'degraded',
      redis: 'degraded',
    });
    const { message } = details.redis!;
    expect(message).toContain(danger);
    const lines = service.output().split('\n');
    const said = lines.filter((line) => line.includes(message!));
    expect(said).toHaveLength(1);
    // Loud: the level of errors.
    expect(JSON.parse(said[0]!)).toMatchObject({ level: 50 });
  },
);

it.each(SAFE)('says nothing of a Redis that %s', async (_, redis) => {
  const { health, service } = await startOn(redis);
  expect(await health()).toMatchObject({ status: 'ok', details: { redis: { status: 'up' } } });
  expect(service.output()).not.toMatch(/may evict|a restart loses/);
});

it('says it of a Redis that becomes risky, and no longer of one that was put right', async () => {
  const { health } = await startOn(changed);
  await changed.configure('maxmemory-policy', 'allkeys-random');
  changed.proxy.reset();
  await eventually(async () =>
    expect((await health()).details.redis).toMatchObject({
      status: 'degraded',
      message: expect.stringContaining('allkeys-random'),
    }),
  );
  await changed.configure('maxmemory-policy', 'volatile-lru');
  changed.proxy.reset();
  await eventually(async () =>
    expect(await health()).toMatchObject({ status: 'ok', details: { redis: { status: 'up' } } }),
  );
});
