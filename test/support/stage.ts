import { afterEach, expect } from 'vitest';
import { ADMIN_TOKEN, sweepNow } from './admin.js';
import type { CountingEngine } from './counting-engine.js';
import { eventually } from './eventually.js';
import { createEngine, createFaultyRedis, createProxy } from './faults.js';
import type { FaultyRedis } from './faulty-stores.js';
import type { HttpClient } from './http-client.js';
import { Ledger } from './ledger.js';
import type { Proxy } from './proxy.js';
import { type Service, startService } from './service.js';
import { createDatabase, type TestDatabase } from './stores.js';
import { expectVerified } from './verified.js';

export interface Expected {
  /** Accepted turns that went with Redis. */
  readonly lost?: number;
  /** Turns went around a Redis that held earlier ones of their conversation: how many is printed. */
  readonly mayOvertake?: boolean;
}

/** Everything that a test of a broken Redis needs; each file has its own. */
export interface Stage {
  readonly redis: FaultyRedis;
  readonly database: TestDatabase;
  /** The services' way to Postgres. */
  readonly postgresLink: Proxy;
  readonly engine: CountingEngine;
  readonly start: (variables?: Record<string, string>) => Promise<Service>;
  /** Expects that what is booked stands in Postgres once and in order, and that all invariants hold. */
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
    start: (variables) =>
      startService({
        REDIS_URL: redis.url,
        DATABASE_URL: postgresLink.through(database.url),
        ADMIN_TOKEN,
        // A sweep of the schedule would do what a test wants to see done by something else.
        SYNC_INTERVAL: '43200',
        ...engine.variables,
        ...variables,
      }),
    settle: async (service, ledger, { lost = 0, mayOvertake = false } = {}) => {
      await redisIs('up', service);
      await expectVerified(service, redis.client);
      const { overtaking, ...differences } = await ledger.compare(database);
      expect({ ...differences, lost: differences.lost.length }).toEqual({
        lost,
        doubled: [],
        reordered: [],
      });
      if (mayOvertake) console.log(`${overtaking.length} turns overtook others that Redis held`);
      else expect(overtaking).toEqual([]);
      // One that a flush held when the others were cleared goes with the next sweep.
      await eventually(async () => {
        const [marks] = await database.query<{ count: number }>(
          'select count(*)::integer from conversation_sessions where hot_stale is not null',
        );
        if (marks!.count > 0) await sweepNow(service);
        expect(marks).toEqual({ count: 0 });
      });
    },
  };
}

const WORDS = { up: true, away: false };

/** Waits until the service knows it, and expects health to say so, and within a second. */
export async function redisIs(state: 'up' | 'away', service: HttpClient): Promise<void> {
  await eventually(async () => {
    const startedMs = performance.now();
    const { status, body } = await service.request<object>('GET', '/health/sessions');
    // The promise is a second; what this machine does besides must not decide the test.
    expect(performance.now() - startedMs).toBeLessThan(2000);
    const redis_healthy = WORDS[state];
    expect({ status, body }).toMatchObject({ status: 200, body: { redis_healthy } });
  });
  const { status, body } = await service.request<object>('GET', '/health');
  expect(status).toBe(200);
  if (state === 'away') {
    expect(body).toMatchObject({ status: 'degraded', details: { redis: { status: 'degraded' } } });
  }
}
