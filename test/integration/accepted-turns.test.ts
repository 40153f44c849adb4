import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { AcceptedTurnArchive, ERASED } from '../../src/persistence/accepted-turns.js';
import { ArchiveErasure } from '../../src/persistence/archive-erasure.js';
import { Archive } from '../../src/persistence/archive.js';
import { batchOf, openDatabase, UNSEALED } from '../support/archive.js';
import { archivedTurns } from '../support/archive-contents.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const accepted = new AcceptedTurnArchive(connection);
const background = { skipHeld: true, ageMs: 0 };

/** As Redis accepted them, one after the other. @param first the place of the first of them */
const inARow = (turns: readonly StoredTurn[], first = 1, before = '') =>
  turns.map((turn, index) => ({
    ...turn,
    seq: first + index,
    previousTurnId: turns[index - 1]?.id ?? before,
  }));
const idsOf = async (id: string) => (await archivedTurns(database, id)).map((turn) => turn.id);
const ids = (turns: readonly StoredTurn[]) => turns.map(({ id }) => id);

it('stores what follows on the archive, also a conversation that it does not know', async () => {
  const conversationId = randomUUID();
  const turns = someTurns(4);
  const all = inARow(turns);
  const commit = (some: typeof all) =>
    accepted.commit({ conversationId, owner: 'user-1', turns: some, ...UNSEALED }, background);
  expect(await commit(all.slice(0, 2))).toBe(2);
  expect(await commit(all)).toBe(4);
  expect(await commit(all)).toBe(4);
  expect(await idsOf(conversationId)).toEqual(ids(turns));
});

it('leaves what stands behind a gap, or behind a place that another turn has taken', async () => {
  const conversationId = randomUUID();
  const [first, ours, around, next] = someTurns(4) as [
    StoredTurn,
    StoredTurn,
    StoredTurn,
    StoredTurn,
  ];
  const behind = inARow([next], 3, ours.id);
  const commit = () =>
    accepted.commit({ conversationId, owner: null, turns: behind, ...UNSEALED }, background);
  expect(await commit()).toBe(0);
  await archive.commit([batchOf(conversationId, [first])]);
  expect(await commit()).toBe(1);
  await archive.commit([batchOf(conversationId, [around])]);
  expect(await commit()).toBe(2);
  expect(await idsOf(conversationId)).toEqual(ids([first, around]));
});

it('leaves what follows a turn that has come a second time, behind others', async () => {
  const conversationId = randomUUID();
  const [first, before, again, next] = someTurns(4) as [
    StoredTurn,
    StoredTurn,
    StoredTurn,
    StoredTurn,
  ];
  await archive.commit([batchOf(conversationId, [first, before, again])]);
  // In Redis it was the second turn, and others that are not archived yet may stand there before the next one.
  const turns = inARow([next], 3, again.id);
  expect(
    await accepted.commit({ conversationId, owner: null, turns, ...UNSEALED }, background),
  ).toBe(3);
  expect(await idsOf(conversationId)).toEqual(ids([first, before, again]));
});

it('revives nothing that was erased', async () => {
  const conversationId = randomUUID();
  const [first, second] = someTurns(2) as [StoredTurn, StoredTurn];
  await archive.commit([batchOf(conversationId, [first])]);
  await new ArchiveErasure(connection).eraseOne({ conversationId }, null);
  const turns = inARow([first, second]);
  expect(
    await accepted.commit({ conversationId, owner: null, turns, ...UNSEALED }, background),
  ).toBe(ERASED);
  expect(await idsOf(conversationId)).toEqual([]);
  expect(await accepted.archivedUpTo([conversationId, randomUUID()])).toEqual(
    new Map([[conversationId, ERASED]]),
  );
});

it('does not wait for a conversation that somebody holds', async () => {
  const conversationId = randomUUID();
  await archive.commit([batchOf(conversationId, [aTurn()])]);
  await connection.transaction(async (holder) => {
    await holder.query(
      'select 1 from conversation_sessions where conversation_id = $1 for update',
      [conversationId],
    );
    const turns = inARow([aTurn()], 2, 'whatever');
    expect(
      await accepted.commit({ conversationId, owner: null, turns, ...UNSEALED }, background),
    ).toBe(0);
  });
  expect(await accepted.archivedUpTo([conversationId])).toEqual(new Map([[conversationId, 1]]));
});
