import { expect, it } from 'vitest';
import { metaPrefix, partitionKeys } from '../../src/redis/keys.js';
import { ClientLane } from '../../src/redis/lane.js';
import { OwnedSessions } from '../../src/session/owned-sessions.js';
import { redisClient } from '../support/redis-contents.js';
import { OWNER, storeOn, TestSession } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';
import { aTurn } from '../support/turns.js';

const redis = await createRedis();
const client = redisClient(redis.url);
const owned = new OwnedSessions(new ClientLane(client));

async function sessions(count: number, owner = OWNER): Promise<TestSession[]> {
  const all = Array.from({ length: count }, () => new TestSession(storeOn(client), client));
  for (const session of all) {
    await session.append(aTurn({ createdAt: 1_700_000_000_123 }), { create: true, owner });
    session.turns.push((await session.unsynced())!.turns[0]!);
  }
  return all;
}

async function found(owner: string, which: 'active' | 'dirty') {
  const parts = [];
  for await (const part of owned.of(owner, which)) parts.push(part);
  return parts.flat();
}
const idsOf = (all: readonly { id: string }[]) => all.map(({ id }) => id).toSorted();
const namesOf = (all: readonly { conversationId: string }[]) =>
  all.map(({ conversationId }) => conversationId).toSorted();

it('finds the sessions of one owner over all partitions, and of nobody else', async () => {
  await client.flushall();
  const [clean, dirty] = [await sessions(60), await sessions(40)];
  await sessions(50, 'user-2');
  await Promise.all(clean.map((session) => session.acknowledge(1)));
  expect(namesOf(await found(OWNER, 'active'))).toEqual(idsOf([...clean, ...dirty]));
  expect(namesOf(await found(OWNER, 'dirty'))).toEqual(idsOf(dirty));
  expect((await found(OWNER, 'dirty'))[0]).toMatchObject({
    startedAt: 1_700_000_000_123,
    turns: 1,
  });
  expect(await found('user-3', 'active')).toEqual([]);
  expect(await found('', 'active')).toEqual([]);
});

it('finds no session that was erased, or is gone', async () => {
  await client.flushall();
  const [erased, evicted, kept] = (await sessions(3)) as [TestSession, TestSession, TestSession];
  await erased.store.erase(erased.id);
  await client.del(evicted.keys.meta);
  expect(namesOf(await found(OWNER, 'active'))).toEqual([kept.id]);
});

it('goes through a large partition in small steps, and misses nothing', async () => {
  await client.flushall();
  const ids = Array.from({ length: 5000 }, (_, index) => `session-${index}`);
  const filling = client.pipeline();
  for (const [index, id] of ids.entries()) {
    const owner = index % 5 === 0 ? OWNER : 'user-2';
    filling.zadd(partitionKeys(7).active, '+inf', id);
    filling.hset(`${metaPrefix(7)}${id}:meta`, { owner, created_at: 1, last: 3 });
  }
  await filling.exec();
  await client.config('RESETSTAT');
  const all = new Set(namesOf(await found(OWNER, 'active')));
  expect([...all]).toEqual(ids.filter((_, index) => index % 5 === 0).toSorted());
  const scans = /cmdstat_zscan:calls=(\d+)/.exec(await client.info('commandstats'))![1];
  // One for each of the other partitions.
  expect(Number(scans) - 1023).toBeGreaterThanOrEqual(9);
});
