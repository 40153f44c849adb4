import { expect, it } from 'vitest';
import { Metrics } from '../../src/metrics/metrics.js';
import { ClientLane } from '../../src/redis/lane.js';
import { Census } from '../../src/session/census.js';
import { SessionInspector } from '../../src/session/session.inspector.js';
import { eventually } from '../support/eventually.js';
import { redisClient } from '../support/redis-contents.js';
import { storeOn, TestSession } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';

const redis = await createRedis();
const client = redisClient(redis.url);
const lasting = storeOn(client);
const brief = storeOn(client, { ttlSeconds: 1 });
// Each test begins with an empty Redis, and each count is a fresh one.
const count = () => new Census(new SessionInspector(new ClientLane(client)), new Metrics()).count();

async function sessions(howMany: number, store: typeof lasting, state: 'dirty' | 'clean') {
  const all = Array.from({ length: howMany }, () => new TestSession(store, client));
  await Promise.all(all.map((session) => session.fill(3)));
  if (state === 'clean') await Promise.all(all.map((session) => session.acknowledge(3)));
  return all;
}

it('counts the sessions that are there, over all partitions', async () => {
  await client.flushall();
  const clean = await sessions(150, lasting, 'clean');
  await sessions(50, lasting, 'dirty');
  expect(await count()).toMatchObject({
    activeSessions: 200,
    dirtyConversations: 50,
    unsyncedTurns: 150,
  });
  await Promise.all(clean.slice(0, 30).map(({ id }) => lasting.drop(id)));
  await Promise.all(clean.slice(30, 40).map(({ id }) => lasting.erase(id)));
  expect((await count()).activeSessions).toBe(160);
});

it('counts no session that has expired, and every dirty one', async () => {
  await client.flushall();
  const [expiring, dirty] = [await sessions(40, brief, 'clean'), await sessions(5, brief, 'dirty')];
  await eventually(async () => {
    const keys = expiring.map(({ keys }) => keys.turns);
    expect(await client.exists(...keys)).toBe(0);
  });
  expect(await count()).toMatchObject({ activeSessions: 5, dirtyConversations: 5 });
  expect(await client.exists(...dirty.map(({ keys }) => keys.turns))).toBe(5);
});

it('says how long the oldest turn has been waiting', async () => {
  await client.flushall();
  expect((await count()).oldestUnsyncedSeconds).toBe(0);
  const [session] = await sessions(1, lasting, 'dirty');
  const { dirty } = session!.keys;
  const since = Number(await client.zscore(dirty, session!.id)) - 90_000;
  await client.zadd(dirty, since, session!.id);
  const { oldestUnsyncedSeconds } = await count();
  expect(oldestUnsyncedSeconds).toBeGreaterThanOrEqual(90);
  expect(oldestUnsyncedSeconds).toBeLessThan(150);
});
