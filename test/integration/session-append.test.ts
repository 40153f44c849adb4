import { describe, expect, it } from 'vitest';
import { RedisUnavailable } from '../../src/redis/lane.js';
import { Refusal } from '../../src/session/scripts.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { storeOn, TestSession } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';
import { aTurn } from '../support/turns.js';

const redis = await createRedis({ 'maxmemory-policy': 'noeviction' });
const client = redisClient(redis.url);
const newSession = (limits = {}) => new TestSession(storeOn(client, limits), client);
const ids = (turns: readonly { id: string }[]) => turns.map(({ id }) => id);

describe('append', () => {
  it('begins a session with a first turn that is dirty from the start', async () => {
    const session = newSession();
    const turn = aTurn();
    expect(await session.append(turn, { create: true })).toBe(1);
    expect(await session.state()).toEqual({
      base: 0,
      last: 1,
      synced: 0,
      turnIds: [turn.id],
      dirty: true,
      active: true,
      ttl: [false, false],
    });
  });

  it('numbers the turns of a session one after the other', async () => {
    const session = newSession();
    await session.fill(4);
    expect(await session.recall()).toMatchObject({
      lastSeq: 4,
      syncedSeq: 0,
      turns: session.turns.map((turn, index) => ({ ...turn, seq: index + 1 })),
    });
  });

  it('gives fifty turns at once fifty places', async () => {
    const session = newSession();
    await session.fill(1);
    const turns = Array.from({ length: 50 }, () => aTurn());
    const seqs = await Promise.all(turns.map((turn) => session.append(turn)));
    expect(seqs.toSorted((a, b) => a - b)).toEqual(turns.map((_, index) => index + 2));
  });

  it('leaves a missing session to be restored', async () => {
    const session = newSession();
    expect(await session.append(aTurn())).toBe(Refusal.Missing);
    expect(await session.state()).toMatchObject({ turnIds: [], dirty: false, active: false });
  });

  it.each([
    ['of somebody else', { owner: 'user-2' }, Refusal.Foreign],
    ['of nobody', { owner: null }, Refusal.Foreign],
    ['from before a restart', { epoch: 'epoch-2' }, Refusal.Stale],
    ['that has more turns than its caller knows', { expectedSeq: 1 }, Refusal.Changed],
    ['that has fewer turns than its caller thinks', { expectedSeq: 3 }, Refusal.Changed],
  ])('does not touch a session %s', async (_, options, refusal) => {
    const session = newSession();
    await session.fill(2);
    const before = await session.state();
    expect(await session.append(aTurn(), options)).toBe(refusal);
    expect(await session.append(aTurn(), { ...options, create: true })).toBe(refusal);
    expect(await session.state()).toEqual(before);
  });

  it('takes a turn whose caller knows the last one', async () => {
    const session = newSession();
    await session.fill(2);
    expect(await session.append(aTurn(), { expectedSeq: 2 })).toBe(3);
  });

  it('takes one of two turns at once whose callers expect the same last one', async () => {
    const session = newSession();
    await session.fill(2);
    const replies = await Promise.all(
      [aTurn(), aTurn()].map((turn) => session.append(turn, { expectedSeq: 2 })),
    );
    expect(replies.toSorted((a, b) => a - b)).toEqual([Refusal.Changed, 3]);
  });

  it('answers a retry with the place that the turn has already', async () => {
    const session = newSession();
    await session.fill(3);
    const before = await session.state();
    const [, second] = session.turns;
    expect(await session.append(second!, { retry: true })).toBe(2);
    expect(await session.append(second!, { retry: true, create: true })).toBe(2);
    expect(await session.append(second!, { retry: true, expectedSeq: 1 })).toBe(2);
    expect(await session.state()).toEqual(before);
  });

  it('adds the turn of a retry that never arrived', async () => {
    const session = newSession();
    await session.fill(3);
    expect(await session.append(aTurn(), { retry: true })).toBe(4);
  });

  it('takes the TTL from a clean session: what is unsynced never expires', async () => {
    const session = newSession();
    await session.fill(1);
    await session.acknowledge(1);
    expect(await session.state()).toMatchObject({ dirty: false, ttl: [true, true] });
    await session.fill(1);
    expect(await session.state()).toMatchObject({ dirty: true, ttl: [false, false] });
  });

  it('keeps every unsynced turn, however many there are', async () => {
    const session = newSession({ maxTurns: 3 });
    await session.fill(10);
    expect((await session.state()).turnIds).toEqual(ids(session.turns));
  });

  it('remembers since when a session is dirty, not when it was last written to', async () => {
    const session = newSession();
    await session.fill(1);
    const since = await client.zscore(session.keys.dirty, session.id);
    await session.fill(3);
    expect(await client.zscore(session.keys.dirty, session.id)).toBe(since);
  });

  it('keeps all keys of a conversation in one slot of a cluster', async () => {
    const { meta, turns, dirty, active, lease } = newSession().keys;
    const tags = [meta, turns, dirty, active, lease].map((key) => /\{(\w+)\}/.exec(key)?.[1]);
    expect(new Set(tags).size).toBe(1);
  });
});

describe('append without an archive behind it', () => {
  it('keeps the newest turns under a TTL, and nothing dirty', async () => {
    const session = newSession({ maxTurns: 3 });
    const turns = Array.from({ length: 5 }, () => aTurn());
    for (const [index, turn] of turns.entries()) {
      const options = { create: index === 0, writeBehind: false };
      expect(await session.append(turn, options)).toBe(index + 1);
    }
    expect(await session.state()).toEqual({
      base: 2,
      last: 5,
      synced: 5,
      turnIds: ids(turns.slice(2)),
      dirty: false,
      active: true,
      ttl: [true, true],
    });
  });
});

describe('a Redis that is full', () => {
  it('refuses a turn without a trace, and still acknowledges what is committed', async () => {
    const full = newSession();
    const fresh = newSession();
    await full.fill(2);
    const [before, keys] = [await full.state(), await contentKeys(client)];
    await client.config('SET', 'maxmemory', '1mb');
    try {
      await expect(full.append(aTurn())).rejects.toThrow(RedisUnavailable);
      await expect(full.append(aTurn(), { create: true })).rejects.toThrow(RedisUnavailable);
      await expect(fresh.append(aTurn(), { create: true })).rejects.toThrow(RedisUnavailable);
      expect(await full.state()).toEqual(before);
      expect(await contentKeys(client)).toEqual(keys);
      expect(await full.acknowledge(2)).toBe(0);
      expect(await full.state()).toMatchObject({ synced: 2, dirty: false, ttl: [true, true] });
      expect(await full.store.drop(full.id)).toBe(true);
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
    expect(await fresh.append(aTurn(), { create: true })).toBe(1);
  });
});
