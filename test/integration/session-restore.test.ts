import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/session/scripts.js';
import { redisClient } from '../support/redis-contents.js';
import { OWNER, storeOn, TestSession } from '../support/sessions.js';
import { createRedis } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const redis = await createRedis();
const client = redisClient(redis.url);
const newSession = (limits = {}) => new TestSession(storeOn(client, limits), client);
const ids = (turns: readonly { id: string }[]) => turns.map(({ id }) => id);
const fillAndDrop = async (session: TestSession) => {
  const [turn] = someTurns(1);
  await session.restore({ owner: OWNER, createdAt: 1, lastSeq: 1, turns: [turn!], keyring: '' });
  await session.store.drop(session.id);
};

describe('restore', () => {
  const archived = (lastSeq: number, turns = someTurns(3)) => ({
    owner: OWNER,
    createdAt: 1_700_000_000_000,
    lastSeq,
    turns,
    keyring: '',
  });

  it('fills an absent session with synced turns under a TTL', async () => {
    const session = newSession();
    const tail = archived(9);
    await session.restore(tail);
    expect(await session.state()).toEqual({
      base: 6,
      last: 9,
      synced: 9,
      turnIds: ids(tail.turns),
      dirty: false,
      active: true,
      ttl: [true, true],
    });
    expect(await session.append(aTurn())).toBe(10);
  });

  it('never replaces a session that is there: it may hold newer turns', async () => {
    const session = newSession();
    await session.fill(4);
    const before = await session.state();
    await session.restore(archived(3));
    expect(await session.state()).toEqual(before);
  });

  it.each<[string, (session: TestSession) => Promise<unknown>]>([
    ['another has begun it', (session) => session.fill(1)],
    ['another has filled it, and it went', fillAndDrop],
    ['a flush found it gone', (session) => session.store.drop(session.id)],
    ['a turn was written around Redis', (session) => session.store.distrust(session.id)],
    ['it was erased', (session) => session.store.erase(session.id)],
  ])('puts nothing in place that was read before %s', async (_, happens) => {
    const session = newSession();
    let after: unknown;
    await session.restore(archived(3), async () => {
      await happens(session);
      after = await session.state();
    });
    expect(await session.state()).toEqual(after);
  });

  it('fills a session from whichever of two reads comes first, and once', async () => {
    const session = newSession();
    const tail = archived(3);
    await session.restore(archived(3), () => session.restore(tail));
    expect(await session.recall()).toMatchObject({ lastSeq: 3, turns: tail.turns });
  });

  it('restores thousands of turns', async () => {
    const session = newSession({ maxTurns: 10_000 });
    await session.restore(archived(9000, someTurns(9000)));
    expect(await session.recall()).toMatchObject({ lastSeq: 9000 });
  });
});

describe('a session that the archive has outgrown', () => {
  const finds: [string, (session: TestSession) => Promise<unknown>][] = [
    [
      'Postgres counts its turns otherwise',
      ({ store, id, turns }) => store.acknowledge(id, 2, turns[1]!.id, false),
    ],
    ['a turn was written around it', ({ store, id }) => store.distrust(id)],
  ];

  it.each(finds)('keeps its unsynced turns for the flush alone once %s', async (_, happens) => {
    const session = newSession();
    await session.fill(3);
    await happens(session);
    expect(await session.recall()).toBe(Refusal.Stale);
    expect(await session.append(aTurn())).toBe(Refusal.Stale);
    expect((await session.unsynced())!.turns.at(-1)).toEqual(session.turns[2]);
  });

  it.each(finds)('goes at once when it is clean and %s', async (_, happens) => {
    const session = newSession();
    await session.fill(2);
    await session.acknowledge(2);
    await happens(session);
    expect(await session.recall()).toBe(Refusal.Missing);
  });
});
