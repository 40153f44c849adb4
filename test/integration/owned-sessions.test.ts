import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import { metaPrefix, partitionKeys } from '../../src/redis/keys.js';
import { ClientLane, Lane, type ScriptReply } from '../../src/redis/lane.js';
import type { Script } from '../../src/redis/script.js';
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

/** Notes how many scripts are under way at most. */
class WatchedLane extends Lane {
  most = 0;
  private underWay = 0;
  private readonly lane = new ClientLane(client);

  async run(script: Script, keys: string[], args: string[]): Promise<ScriptReply> {
    this.most = Math.max(this.most, ++this.underWay);
    return this.lane.run(script, keys, args).finally(() => this.underWay--);
  }
}

it('asks Redis for few things at once, however many look', async () => {
  await client.flushall();
  const [mine, other] = [await sessions(5), await sessions(5, 'user-2')];
  const lane = new WatchedLane();
  const watched = new OwnedSessions(lane);
  const look = async (owner: string) => {
    const names = [];
    for await (const part of watched.of(owner, 'active')) names.push(...namesOf(part));
    return names.toSorted();
  };
  const looks = await Promise.all(
    Array.from({ length: 20 }, (_, index) => look(index % 2 ? OWNER : 'user-2')),
  );
  for (const [index, names] of looks.entries()) {
    expect(names).toEqual(idsOf(index % 2 ? mine : other));
  }
  expect(lane.most).toBe(8);
});

it('goes on looking for others when one look fails', async () => {
  const failing = new (class extends WatchedLane {
    override async run(script: Script, keys: string[], args: string[]): Promise<ScriptReply> {
      if (args[1] === 'user-2') throw new Error('this one fails');
      return super.run(script, keys, args);
    }
  })();
  const watched = new OwnedSessions(failing);
  const look = async (owner: string) => {
    let parts = 0;
    for await (const _ of watched.of(owner, 'active')) parts++;
    return parts;
  };
  const [failed, looked] = await Promise.allSettled([look('user-2'), look(OWNER)]);
  expect(failed).toMatchObject({ reason: { message: 'this one fails' } });
  expect(looked).toMatchObject({ value: 128 });
});

it('acts for one owner once at a time in the order of asking, for several side by side', async () => {
  const order: string[] = [];
  const gate = new EventEmitter();
  const act = (name: string, until?: Promise<unknown>) => async () => {
    order.push(`${name} begins`);
    await until;
    order.push(`${name} ends`);
  };
  const first = owned.alone(OWNER, act('first', once(gate, 'open')));
  const failing = owned.alone(OWNER, () => Promise.reject(new Error('this one fails')));
  const second = owned.alone(OWNER, act('second'));
  await owned.alone('user-2', act('other'));
  expect(order).toEqual(['first begins', 'other begins', 'other ends']);
  gate.emit('open');
  await expect(failing).rejects.toThrow('this one fails');
  await Promise.all([first, second]);
  expect(order.slice(3)).toEqual(['first ends', 'second begins', 'second ends']);
});
