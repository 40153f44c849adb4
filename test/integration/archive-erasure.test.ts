import { createHash, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import { AcceptedTurnArchive, ERASED } from '../../src/persistence/accepted-turns.js';
import { ArchiveErasure, firstBatch } from '../../src/persistence/archive-erasure.js';
import { Archive } from '../../src/persistence/archive.js';
import { DeadLetters } from '../../src/persistence/dead-letters.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { hasErasedSince, OwnerErasures } from '../../src/persistence/owner-erasures.js';
import { Tombstones } from '../../src/persistence/tombstones.js';
import { batchOf, openDatabase, UNSEALED } from '../support/archive.js';
import { archivedTurns, everyRow } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const letters = new DeadLetters(connection, new Metrics());
const erasure = new ArchiveErasure(connection);
const owners = new OwnerErasures(connection, new Environment({ ANSWER_TIMEOUT_MS: '60000' }));
const accepted = new AcceptedTurnArchive(connection);
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

it('leaves a tombstone that names nobody, and says what was there', async () => {
  const [id, key, letterKey, claimKey] = [randomUUID(), ...['a', 'b', 'c'].map(digest)] as string[];
  const body = digest('body');
  const turn = aTurn({ question: 'canary-question', idempotency: { key: key!, body } });
  const letter = aTurn({ answer: 'canary-letter', idempotency: { key: letterKey!, body } });
  const title = { text: 'canary-title', keyId: 'canary-key' };
  await archive.commit([{ ...batchOf(id!, [turn, aTurn()], 'canary-user'), title }]);
  await letters.bury(batchOf(id!, [], 'canary-user'), letter, '23514');
  await database.query(
    `insert into idempotency_claims (key, body, conversation_id, turn_id, lapses_at, expires_at)
     values (decode($1, 'hex'), ''::bytea, $2, $3, now(), now())`,
    [claimKey, id, randomUUID()],
  );
  const erased = await erasure.erase([{ conversationId: id! }], 'canary-user');
  expect(erased).toMatchObject({ conversationIds: [id], earlierIds: [] });
  expect(erased.turnIds).toHaveLength(3);
  expect(erased.turnIds).toEqual(expect.arrayContaining([turn.id, letter.id]));
  const keys = [key, letterKey, claimKey].map((each) => ({ conversationId: id, key: each }));
  expect(erased.keys).toHaveLength(3);
  expect(erased.keys).toEqual(expect.arrayContaining(keys));
  const rows = await everyRow(database);
  expect(rows).toContain(id);
  expect(rows).not.toContain('canary');
  for (const digested of [key, letterKey, claimKey]) expect(rows).not.toContain(digested);
  expect(await erasure.isErased(id!)).toBe(true);

  const again = await erasure.erase([{ conversationId: id! }], 'canary-user');
  expect(again).toEqual({ conversationIds: [], earlierIds: [id], turnIds: [], keys: [] });
});

it('leaves out what is somebody else’s, and what it does not know', async () => {
  const [own, foreign, unknown, unflushed] = Array.from({ length: 4 }, () => randomUUID());
  await archive.commit([
    batchOf(own!, someTurns(1), 'ada'),
    batchOf(foreign!, someTurns(1), 'bob'),
  ]);
  const doomed = [own, foreign, unknown].map((conversationId) => ({
    conversationId: conversationId!,
  }));
  const { conversationIds } = await erasure.erase(
    [...doomed, { conversationId: unflushed!, startedAt: 1 }],
    'ada',
  );
  expect(conversationIds.toSorted()).toEqual([own!, unflushed!].toSorted());
  expect(await archivedTurns(database, foreign!)).toHaveLength(1);
  expect(await erasure.isErased(foreign!)).toBe(false);
  await expect(erasure.eraseOne({ conversationId: foreign! }, 'ada')).rejects.toMatchObject({
    code: 'conversation_not_found',
  });
  // Its late flush meets the tombstone.
  const [late] = await archive.commit([batchOf(unflushed!, someTurns(1), 'ada')]);
  expect(late!.erased).toBe(true);
  expect(await archivedTurns(database, unflushed!)).toEqual([]);
});

it('finds the conversations of an owner until none is left', async () => {
  const ids = Array.from({ length: 130 }, () => randomUUID());
  await archive.commit(ids.map((id) => batchOf(id, someTurns(1), 'cleo')));
  const erased: string[] = [];
  for (;;) {
    const doomed = await owners.next('cleo');
    if (doomed.length === 0) break;
    expect(doomed.length).toBeLessThanOrEqual(100);
    erased.push(...(await erasure.erase(doomed, 'cleo')).conversationIds);
  }
  expect(erased.toSorted()).toEqual(ids.toSorted());
});

it('takes no more into one transaction than it can do in a moment', () => {
  const doomed = (turns: number) => ({ conversationId: 'a', turns });
  expect(firstBatch(Array.from({ length: 300 }, () => doomed(1)))).toHaveLength(100);
  expect(firstBatch([doomed(50_000), doomed(1)])).toHaveLength(1);
  expect(firstBatch([doomed(4000), doomed(4000), doomed(4000)])).toHaveLength(2);
  expect(firstBatch([])).toEqual([]);
});

it('marks an owner anew each time, for as long as a turn may be under way', async () => {
  expect(await owners.mark('dora')).toBeNull();
  const first = await owners.note('dora');
  expect(await owners.mark('dora')).toBe(first);
  const second = await owners.note('dora');
  expect(second).not.toBe(first);
  expect(await owners.mark('dora')).toBe(second);
  expect(await owners.mark('emil')).toBeNull();
  expect(await everyRow(database)).not.toContain('dora');
  await database.query(`update owner_erasures set at = now() - interval '779 s'`);
  expect(await owners.mark('dora')).toBe(second);
  await database.query(`update owner_erasures set at = now() - interval '781 s'`);
  expect(await owners.mark('dora')).toBeNull();
});

const sweeping = (mode: string) =>
  new Tombstones(connection, new Environment({ HISTORY_MODE: mode })).sweepAway();

it('forgets who has erased everything when nothing of before can turn up any more', async () => {
  await owners.note('fay');
  await database.query(`update owner_erasures set at = now() - interval '31 days'`);
  await owners.note('gus');
  await sweeping('hybrid');
  expect(await database.query('select 1 from owner_erasures')).toHaveLength(1);
});

it('sweeps tombstones away after 30 days, but in hybrid mode none that Redis may have a session of', async () => {
  const ids = Array.from({ length: 4 }, () => randomUUID());
  const [recent, old, marked, alive] = ids as [string, string, string, string];
  await archive.commit(ids.map((id) => batchOf(id, someTurns(1), 'kim')));
  await erasure.erase(
    [recent, old, marked].map((conversationId) => ({ conversationId })),
    'kim',
  );
  const age = async (id: string, days: number, mark: string | null) =>
    database.query(
      `update conversation_sessions
          set erased_at = now() - $2 * interval '1 day', hot_stale = $3 where conversation_id = $1`,
      [id, days, mark],
    );
  await age(recent, 29, null);
  await age(old, 31, null);
  await age(marked, 31, randomUUID());
  const left = async () => {
    const of =
      'select conversation_id as id from conversation_sessions where conversation_id = any($1)';
    return (await database.query<{ id: string }>(of, [ids])).map(({ id }) => id).toSorted();
  };
  await sweeping('hybrid');
  expect(await left()).toEqual([recent, marked, alive].toSorted());
  await sweeping('database');
  expect(await left()).toEqual([recent, alive].toSorted());
  expect(await archivedTurns(database, alive)).toHaveLength(1);
});

const rescue = async (owner: string, ageMs: number) => {
  const conversationId = randomUUID();
  const turns = [{ ...aTurn(), seq: 1, previousTurnId: '' }];
  const batch = { conversationId, owner, turns, ...UNSEALED };
  const { count } = await accepted.commit(batch, { skipHeld: true, ageMs });
  return count;
};

it('rescues no conversation that Redis had lost before its owner erased everything', async () => {
  await owners.note('hal');
  await database.query(`update owner_erasures set at = now() - interval '60 s'`);
  expect(await rescue('hal', 90_000)).toBe(ERASED);
  expect(await rescue('hal', 30_000)).toBe(1);
  expect(await rescue('ida', 90_000)).toBe(1);
});

it('waits for a rescue that is under way, so that its conversation is found', async () => {
  let noting: Promise<string> | undefined;
  await connection.transaction(async (client) => {
    expect(await hasErasedSince(client, 'jan', 1)).toBe(false);
    noting = owners.note('jan');
    await eventually(async () => {
      const waiting = `select 1 from pg_stat_activity where wait_event = 'advisory'`;
      expect(await database.query(waiting)).toHaveLength(1);
    });
    expect(await owners.mark('jan')).toBeNull();
  });
  await noting;
  expect(await rescue('jan', 1000)).toBe(ERASED);
});
