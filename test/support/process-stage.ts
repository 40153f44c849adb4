import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, afterEach } from 'vitest';
import type { CountingEngine } from './counting-engine.js';
import { createEngine } from './faults.js';
import { type Instance, startInstance } from './instance.js';
import type { Ledger } from './ledger.js';
import { Proxy } from './proxy.js';
import { allKeys, redisClient } from './redis-contents.js';
import { type Expected, expectSettled } from './settled.js';
import { createDatabase, createRedis, type TestDatabase } from './stores.js';

const POLL_MS = 100;

/** An instance with ways of its own to both stores: what breaks there, breaks for it alone. */
export interface LinkedInstance extends Instance {
  readonly redisLink: Proxy;
  readonly postgresLink: Proxy;
}

/** Everything that a test of instances needs which are killed, stopped or cut off; each file has its own. */
export interface ProcessStage {
  /** Past every link. */
  readonly redis: Redis;
  readonly database: TestDatabase;
  readonly engine: CountingEngine;
  start(variables?: Record<string, string>): Promise<LinkedInstance>;
  /** As `expectSettled`. */
  settle(service: Instance, ledger: Ledger, expected?: Expected): Promise<void>;
  /** Resolves when no partition is leased: what a dead sweeper held is free again, by the clock of Redis. */
  leasesLapse(): Promise<void>;
}

export async function createProcessStage(): Promise<ProcessStage> {
  const server = await createRedis();
  const redis = redisClient(server.url);
  const database = await createDatabase();
  const engine = await createEngine();
  const links: Proxy[] = [];
  const linkTo = async (url: string): Promise<Proxy> => {
    const link = await Proxy.before(url);
    links.push(link);
    return link;
  };
  afterAll(() => Promise.all(links.map((link) => link.stop())));
  // A test that fails with something broken must not fail those after it.
  afterEach(() => {
    for (const link of links) link.pass();
    engine.stub.always = null;
  });
  return {
    redis,
    database,
    engine,
    start: async (variables) => {
      const [redisLink, postgresLink] = [await linkTo(server.url), await linkTo(database.url)];
      const instance = await startInstance({
        REDIS_URL: redisLink.through(server.url),
        DATABASE_URL: postgresLink.through(database.url),
        ...engine.variables,
        ...variables,
      });
      // Joins the sweep that follows a start: what a test leaves dirty, it must not find.
      await instance.admin('POST', '/admin/sync');
      return { ...instance, redisLink, postgresLink };
    },
    settle: (service, ledger, expected) =>
      expectSettled(service, { redis, database }, ledger, expected),
    leasesLapse: async () => {
      while ((await allKeys(redis)).some((key) => key.endsWith(':lease'))) await delay(POLL_MS);
    },
  };
}
