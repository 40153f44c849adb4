import type { Redis } from 'ioredis';
import type { CountingEngine } from './counting-engine.js';
import { eventually } from './eventually.js';
import { createEngine, createFaultyPostgres } from './faults.js';
import type { FaultyPostgres } from './faulty-stores.js';
import { type Instance, startInstance } from './instance.js';
import type { Ledger } from './ledger.js';
import { redisClient } from './redis-contents.js';
import { type Expected, expectSettled } from './settled.js';
import { createRedis } from './stores.js';

/** Everything that a test of a broken Postgres needs; each file has its own. */
export interface PostgresStage {
  readonly redis: Redis;
  readonly postgres: FaultyPostgres;
  readonly engine: CountingEngine;
  start(variables?: Record<string, string>): Promise<Instance>;
  /** As `expectSettled`. */
  settle(service: Instance, ledger: Ledger, expected?: Expected): Promise<void>;
  /** Resolves when this time has gone by on the clock by which sessions expire. */
  passes(ms: number): Promise<void>;
}

export async function createPostgresStage(): Promise<PostgresStage> {
  const server = await createRedis();
  const redis = redisClient(server.url);
  const postgres = await createFaultyPostgres();
  const engine = await createEngine();
  return {
    redis,
    postgres,
    engine,
    start: (variables) =>
      startInstance({
        REDIS_URL: server.url,
        DATABASE_URL: postgres.url,
        ...engine.variables,
        ...variables,
      }),
    settle: (service, ledger, expected) =>
      expectSettled(service, { redis, database: postgres }, ledger, expected),
    passes: async (ms) => {
      await redis.set('clock', '1', 'PX', ms);
      await eventually(async () => {
        if (await redis.exists('clock')) throw new Error('not yet');
      });
    },
  };
}
