import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { AcceptedTurnArchive, ERASED } from '../../src/persistence/accepted-turns.js';
import { ArchiveErasure } from '../../src/persistence/archive-erasure.js';
import { Archive } from '../../src/persistence/archive.js';
import { DeadLetters } from '../../src/persistence/dead-letters.js';
import { batchOf, openDatabase, UNSEALED } from '../support/archive.js';
import { archivedTurns } from '../support/archive-contents.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const accepted = new AcceptedTurnArchive(connection);
const letters = new DeadLetters(connection, new Metrics());
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
  expect(await commit(all.slice(0, 2))).toEqual({ count: 2, turns: all.slice(0, 2) });
  expect(await commit(all)).toEqual({ count: 4, turns: all });
  expect(await commit(all)).toEqual({ count: 4, turns: all });
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
  expect(await commit()).toEqual({ count: 0, turns: [] });
  await archive.commit([batchOf(conversationId, [first])]);
  expect(await commit()).toEqual({ count: 1, turns: [] });
  await archive.commit([batchOf(conversationId, [around])]);
  expect(await commit()).toEqual({ count: 2, turns: [] });
  expect(await idsOf(conversationId)).toEqual(ids([first, around]));
});

it('leaves what follows on the archive by chance, behind one of its own that has to wait', async () => {
  const conversationId = randomUUID();
  const [first, waiting, again, next, around] = someTurns(5) as [
    StoredTurn,
    StoredTurn,
    StoredTurn,
    StoredTurn,
    StoredTurn,
  ];
  // Redis has first, waiting, again and next; the archive first, around, and again when it came a second time.
  await archive.commit([batchOf(conversationId, [first, around, again])]);
  const own = inARow([waiting, again, next], 2, first.id).filter(({ id }) => id !== again.id);
  const archived = await accepted.commit(
    { conversationId, owner: null, turns: own, ...UNSEALED },
    background,
  );
  expect(archived).toEqual({ count: 3, turns: [] });
  expect(await idsOf(conversationId)).toEqual(ids([first, around, again]));
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
  const archived = await accepted.commit(
    { conversationId, owner: null, turns, ...UNSEALED },
    background,
  );
  expect(archived).toEqual({ count: 3, turns: [] });
  expect(await idsOf(conversationId)).toEqual(ids([first, before, again]));
});

it('stores what came late behind all that is there, once, also where the conversation was never archived', async () => {
  const [known, unknown] = [randomUUID(), randomUUID()];
  const [first, around, ...others] = someTurns(4) as [
    StoredTurn,
    StoredTurn,
    StoredTurn,
    StoredTurn,
  ];
  const turns = inARow(others, 3, 'never archived');
  await archive.commit([batchOf(known, [first, around])]);
  const late = { ...background, late: true };
  const commit = (conversationId: string, some = turns) =>
    accepted.commit({ conversationId, owner: 'user-1', turns: some, ...UNSEALED }, late);
  expect(await commit(known, turns.slice(0, 1))).toMatchObject({ count: 3 });
  expect(await commit(known)).toEqual({ count: 4, turns });
  expect(await commit(known)).toEqual({ count: 4, turns });
  expect(await idsOf(known)).toEqual(ids([first, around, ...others]));
  const own = inARow(someTurns(1), 2, 'never archived');
  expect(await commit(unknown, own)).toEqual({ count: 1, turns: own });
  expect(await idsOf(unknown)).toEqual(ids(own));
});

it('revives nothing that was erased', async () => {
  const conversationId = randomUUID();
  const [first, second] = someTurns(2) as [StoredTurn, StoredTurn];
  await archive.commit([batchOf(conversationId, [first])]);
  await new ArchiveErasure(connection).eraseOne({ conversationId }, null);
  const turns = inARow([first, second]);
  for (const late of [false, true]) {
    const options = { ...background, late };
    const archived = await accepted.commit(
      { conversationId, owner: null, turns, ...UNSEALED },
      options,
    );
    expect(archived).toEqual({ count: ERASED, turns });
  }
  expect(await idsOf(conversationId)).toEqual([]);
  expect(await accepted.erased([conversationId, randomUUID()])).toEqual([conversationId]);
  expect(await accepted.kept(ids(turns))).toEqual(new Set());
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
    const archived = await accepted.commit(
      { conversationId, owner: null, turns, ...UNSEALED },
      background,
    );
    expect(archived).toEqual({ count: 0, turns: [] });
  });
  expect(await idsOf(conversationId)).toHaveLength(1);
});

it('knows which turns are kept, in the archive or as dead letters, until they are archived', async () => {
  const conversationId = randomUUID();
  const [archived, refused, unknown] = someTurns(3) as [StoredTurn, StoredTurn, StoredTurn];
  const batch = batchOf(conversationId, [archived]);
  await archive.commit([batch]);
  await letters.bury(batch, refused, '23514');
  const kept = () => accepted.kept(ids([archived, refused, unknown]));
  expect(await kept()).toEqual(new Set(ids([archived, refused])));
  expect(await accepted.erased([conversationId])).toEqual([]);
  expect(await letters.count()).toBe(1);
  // Whoever else has it may get it in, once it is refused no more.
  await archive.commit([batchOf(conversationId, [refused])]);
  expect(await letters.count()).toBe(0);
  expect(await kept()).toEqual(new Set(ids([archived, refused])));
});
