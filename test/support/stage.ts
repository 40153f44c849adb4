import { afterEach, expect } from 'vitest';
import { ADMIN_TOKEN, sweepNow } from './admin.js';
import type { CountingEngine } from './counting-engine.js';
import { eventually } from './eventually.js';
import { createEngine, createFaultyRedis, createProxy } from './faults.js';
import type { FaultyRedis } from './faulty-stores.js';
import { askHealth } from './health.js';
import type { HttpClient } from './http-client.js';
import type { Ledger } from './ledger.js';
import type { Proxy } from './proxy.js';
import { type Service, startService } from './service.js';
import { type Expected, expectSettled } from './settled.js';
import { createDatabase, type TestDatabase } from './stores.js';

/** Everything that a test of a broken Redis needs; each file has its own. */
export interface Stage {
  readonly redis: FaultyRedis;
  readonly database: TestDatabase;
  /** The services' way to Postgres. */
  readonly postgresLink: Proxy;
  readonly engine: CountingEngine;
  readonly start: (variables?: Record<string, string>) => Promise<Service>;
  /** As `expectSettled`, once Redis is there. */
  readonly settle: (service: HttpClient, ledger: Ledger, expected?: Expected) => Promise<void>;
}

export async function createStage(redisSettings?: Record<string, string>): Promise<Stage> {
  const redis = await createFaultyRedis(redisSettings);
  const database = await createDatabase();
  const postgresLink = await createProxy(database.url);
  const engine = await createEngine();
  // A test that fails with something broken must not fail those after it.
  afterEach(() => {
    redis.thaw();
    redis.proxy.pass();
    postgresLink.pass();
    engine.stub.always = null;
  });
  return {
    redis,
    database,
    postgresLink,
    engine,
    start: async (variables) => {
      const service = await startService({
        REDIS_URL: redis.url,
        DATABASE_URL: postgresLink.through(database.url),
        ADMIN_TOKEN,
        // A sweep of the schedule would do what a test wants to see done by something else.
        SYNC_INTERVAL: '43200',
        ...engine.variables,
        ...variables,
      });
      // So would the one that follows a start.
      await sweepNow(service);
      return service;
    },
    settle: async (service, ledger, expected) => {
      await redisIs('up', service);
      await expectSettled(service, { redis: redis.client, database }, ledger, expected);
    },
  };
}

const WORDS = { up: true, away: false };

/** Waits until the service knows it, and expects health to say so. */
export async function redisIs(state: 'up' | 'away', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const { status, body } = await askHealth(service, '/health/sessions');
    const redis_healthy = WORDS[state];
    expect({ status, body }).toMatchObject({ status: 200, body: { redis_healthy } });
  });
  const { status, body } = await askHealth(service, '/health');
  expect(status).toBe(200);
  if (state === 'away') {
    expect(body).toMatchObject({ status: 'degraded', details: { redis: { status: 'degraded' } } });
  }
}
