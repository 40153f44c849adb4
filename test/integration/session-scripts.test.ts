import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/session/scripts.js';
import { eventually } from '../support/eventually.js';
import { redisClient } from '../support/redis-contents.js';
import { CLAIM, OWNER, storeOn, TestSession } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';
import { aTurn } from '../support/turns.js';

const redis = await createRedis();
const client = redisClient(redis.url);
const newSession = (limits = {}) => new TestSession(storeOn(client, limits), client);
const ids = (turns: readonly { id: string }[]) => turns.map(({ id }) => id);
const GONE = { turnIds: [], dirty: false, active: false, ttl: [false, false] };

describe('acknowledge', () => {
  it('makes a session clean, and lets it expire, once all its turns are committed', async () => {
    const session = newSession();
    await session.fill(3);
    expect(await session.acknowledge(2)).toBe(1);
    expect(await session.state()).toMatchObject({ synced: 2, dirty: true, ttl: [false, false] });
    expect(await session.acknowledge(3)).toBe(0);
    expect(await session.state()).toMatchObject({ synced: 3, dirty: false, ttl: [true, true] });
  });

  it.each([
    ['another turn stands there', 2, aTurn().id],
    ['that turn stands elsewhere', 2, 'first'],
    ['there is no such place yet', 4, aTurn().id],
    ['places begin at one', 0, 'first'],
  ])('does nothing where %s', async (_, seq, turnId) => {
    const session = newSession();
    await session.fill(3);
    const before = await session.state();
    const id = turnId === 'first' ? session.turns[0]!.id : turnId;
    expect(await session.acknowledge(seq, id)).toBe(Refusal.Changed);
    expect(await session.state()).toEqual(before);
  });

  it('does nothing to a session that is not there', async () => {
    const session = newSession();
    expect(await session.acknowledge(1, aTurn().id)).toBe(Refusal.Missing);
    expect(await session.state()).toEqual(GONE);
  });

  it('never takes back what a later acknowledgement has said', async () => {
    const session = newSession();
    await session.fill(3);
    await session.acknowledge(3);
    expect(await session.acknowledge(2)).toBe(0);
    expect(await session.state()).toMatchObject({ synced: 3, dirty: false });
  });

  it('trims to the newest turns, and none that is not committed', async () => {
    const session = newSession({ maxTurns: 3 });
    await session.fill(10);
    await session.acknowledge(2);
    expect(await session.state()).toMatchObject({ base: 2, turnIds: ids(session.turns.slice(2)) });
    await session.acknowledge(10);
    expect(await session.state()).toMatchObject({ base: 7, turnIds: ids(session.turns.slice(7)) });
    expect(await session.acknowledge(5)).toBe(Refusal.Changed);
  });
});

describe('unsynced', () => {
  it('gives the turns that the archive may not have, oldest first', async () => {
    const session = newSession();
    await session.fill(5);
    await session.acknowledge(2);
    expect(await session.unsynced()).toEqual({
      syncedSeq: 2,
      lastSeq: 5,
      keyring: '',
      title: null,
      owner: OWNER,
      createdAt: session.turns[0]!.createdAt,
      turns: session.turns.slice(2),
    });
  });

  it('gives no more turns and bytes than asked for, and at least one turn', async () => {
    const session = newSession();
    await session.fill(5);
    expect((await session.unsynced(2))!.turns).toHaveLength(2);
    expect((await session.unsynced(500, 1))!.turns).toHaveLength(1);
    const ofOne = JSON.stringify(session.turns[0]).length;
    expect((await session.unsynced(500, ofOne * 2))!.turns.length).toBeLessThan(5);
  });

  it('gives the turns of a session from before a restart too', async () => {
    const session = newSession();
    await session.append(aTurn(), { create: true, epoch: 'epoch-0' });
    expect((await session.unsynced())!.turns).toHaveLength(1);
    expect(await session.recall()).toBe(Refusal.Stale);
  });
});

describe('recall', () => {
  it('gives the newest turns with their places', async () => {
    const session = newSession({ maxTurns: 3 });
    await session.fill(5);
    const recalled = await session.recall();
    expect(recalled).toMatchObject({ lastSeq: 5, turns: [{ seq: 3 }, { seq: 4 }, { seq: 5 }] });
  });

  it('does not show a session to others, nor one that this server cannot vouch for', async () => {
    const session = newSession();
    await session.fill(1);
    expect(await session.recall({ ...CLAIM, owner: 'user-2' })).toBe(Refusal.Foreign);
    expect(await session.recall({ ...CLAIM, epoch: 'epoch-2' })).toBe(Refusal.Stale);
    expect(await newSession().recall()).toBe(Refusal.Missing);
  });

  it('gives a clean session another TTL, and a dirty one none', async () => {
    const session = newSession();
    await session.fill(1);
    await session.recall();
    expect(await session.state()).toMatchObject({ ttl: [false, false] });
    await session.acknowledge(1);
    const { meta, turns, active } = session.keys;
    await Promise.all([client.pexpire(meta, 60_000), client.pexpire(turns, 60_000)]);
    await client.zadd(active, 0, session.id);
    await session.recall();
    expect(await client.ttl(meta)).toBeGreaterThan(3500);
    expect(await client.ttl(turns)).toBeGreaterThan(3500);
    expect(Number(await client.zscore(active, session.id))).toBeGreaterThan(Date.now());
  });

  it('loses an idle session after its TTL as a whole', async () => {
    const session = newSession({ ttlSeconds: 1 });
    await session.fill(2);
    await session.acknowledge(2);
    const { meta, turns } = session.keys;
    await eventually(async () => expect(await client.exists(meta, turns)).toBe(0));
    expect(await session.recall()).toBe(Refusal.Missing);
  });
});

describe.each(['meta', 'turns'] as const)('a session that lost its %s by eviction', (key) => {
  it('counts as absent everywhere, and can be restored', async () => {
    const session = newSession();
    const turns = await session.fill(3);
    await session.acknowledge(3);
    await client.del(session.keys[key]);

    expect(await session.recall()).toBe(Refusal.Missing);
    expect(await session.append(aTurn())).toBe(Refusal.Missing);
    expect(await session.acknowledge(3)).toBe(Refusal.Missing);
    expect(await session.unsynced()).toBeNull();

    const { createdAt } = turns[0]!;
    await session.restore({ owner: OWNER, createdAt, lastSeq: 3, turns, keyring: '' });
    expect(await session.recall()).toMatchObject({ lastSeq: 3, syncedSeq: 3, turns });
  });
});

describe('drop and erase', () => {
  it('drops a clean session, and keeps one with unsynced turns', async () => {
    const session = newSession();
    await session.fill(2);
    const before = await session.state();
    expect(await session.store.drop(session.id)).toBe(false);
    expect(await session.state()).toEqual(before);
    await session.acknowledge(2);
    expect(await session.store.drop(session.id)).toBe(true);
    expect(await session.state()).toEqual(GONE);
  });

  it('keeps a session that got another turn meanwhile', async () => {
    const session = newSession();
    await session.fill(2);
    await session.acknowledge(2);
    expect(await session.store.drop(session.id, { lastSeq: 1, changes: 0 })).toBe(false);
    expect(await session.store.drop(session.id, { lastSeq: 2, changes: 0 })).toBe(true);
  });

  it('erases a session whatever it holds', async () => {
    const session = newSession();
    await session.fill(2);
    await session.store.erase(session.id);
    expect(await session.state()).toEqual({ ...GONE, ttl: [true, false] });
    expect(await session.recall()).toBe(Refusal.Missing);
  });

  it('gives back the last of the turns that it erases: those above a place', async () => {
    const session = newSession({ maxTurns: 2 });
    const turns = await session.fill(5);
    await session.acknowledge(3);
    expect(await session.state()).toMatchObject({ base: 3 });
    expect(await session.unsynced(1)).toMatchObject({
      syncedSeq: 3,
      turns: [{ id: turns[3]!.id }],
    });
    const behind = await session.store.unsynced(session.id, 500, 1_000_000, 4);
    expect(ids(behind!.turns)).toEqual([turns[4]!.id]);
    const erased = await session.store.erase(session.id, 4);
    expect(erased).toMatchObject({ existed: true, turns: [{ id: turns[4]!.id }] });
    expect(await session.store.erase(session.id, 0)).toEqual({ existed: false, turns: [] });

    const other = newSession({ maxTurns: 2 });
    await other.fill(5);
    await other.acknowledge(3);
    expect((await other.store.erase(other.id, 0)).turns).toHaveLength(2);
  });

  it('lets nobody bring an erased conversation back who had read it before', async () => {
    const session = newSession();
    const turns = await session.fill(2);
    await session.store.erase(session.id);
    const before = { owner: OWNER, createdAt: turns[0]!.createdAt, lastSeq: 2, turns, keyring: '' };
    await session.restore(before);
    expect(await session.append(turns[1]!, { create: true, retry: true })).toBe(Refusal.Missing);
    await session.store.drop(session.id);
    await session.restore(before);
    expect(await session.recall()).toBe(Refusal.Missing);
  });
});
