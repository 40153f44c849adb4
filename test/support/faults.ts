import { afterAll } from 'vitest';
import { CountingEngine } from './counting-engine.js';
import { FaultyPostgres, FaultyRedis } from './faulty-stores.js';
import { Proxy } from './proxy.js';

// Hooks run in reverse: what is created first is stopped last, so services before their stores.

/** A Redis of the calling test file's own, behind a proxy; stopped when the file has ended. */
export async function createFaultyRedis(settings?: Record<string, string>): Promise<FaultyRedis> {
  const store = await FaultyRedis.start(settings);
  afterAll(() => store.stop());
  return store;
}

/** A Postgres of the calling test file's own, behind a proxy; it takes two seconds to make. */
export async function createFaultyPostgres(): Promise<FaultyPostgres> {
  const store = await FaultyPostgres.start();
  afterAll(() => store.stop());
  return store;
}

/** A link of the calling test file's own to a server that others use too. */
export async function createProxy(url: string): Promise<Proxy> {
  const proxy = await Proxy.before(url);
  afterAll(() => proxy.stop());
  return proxy;
}

/** An answer engine of the calling test file's own, which counts its calls. */
export async function createEngine(): Promise<CountingEngine> {
  const engine = await CountingEngine.start();
  afterAll(() => engine.stop());
  return engine;
}
