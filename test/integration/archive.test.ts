import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { batchOf, openArchive, UNSEALED } from '../support/archive.js';
import { archivedTurns } from '../support/archive-contents.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const archive = await openArchive(database.url);
const commit = (id: string, turns: readonly StoredTurn[]) => archive.commit([batchOf(id, turns)]);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const seqsOf = async (id: string) => (await archivedTurns(database, id)).map(({ seq }) => seq);
const idsOf = async (id: string) => (await archivedTurns(database, id)).map((turn) => turn.id);
const ids = (turns: readonly StoredTurn[]) => turns.map(({ id }) => id);

async function turnCount(id: string): Promise<number> {
  const sql =
    'select turn_count::integer as n from conversation_sessions where conversation_id = $1';
  return (await database.query<{ n: number }>(sql, [id]))[0]!.n;
}

describe('numbering', () => {
  it('numbers fifty commits of one conversation at once from 1 to 50', async () => {
    const id = randomUUID();
    const turns = someTurns(50);
    const committed = await Promise.all(turns.map((turn) => commit(id, [turn])));
    const told = committed.map(([batch], index) => batch!.numbers.get(turns[index]!.id)!);
    expect(told.toSorted((a, b) => a - b)).toEqual(upTo(50));
    expect(await seqsOf(id)).toEqual(upTo(50));
    expect(await turnCount(id)).toBe(50);
    const stored = await archivedTurns(database, id);
    for (const [index, turn] of turns.entries()) expect(stored[told[index]! - 1]!.id).toBe(turn.id);
  });

  it('numbers the turns of a batch in their order, on from those that are there', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const [first, second, third] = [someTurns(3), someTurns(2), someTurns(4)];
    await archive.commit([batchOf(one, first), batchOf(other, second)]);
    const [again] = await archive.commit([batchOf(one, third)]);
    expect(third.map(({ id }) => again!.numbers.get(id))).toEqual([4, 5, 6, 7]);
    expect(await idsOf(one)).toEqual(ids([...first, ...third]));
    expect(await idsOf(other)).toEqual(ids(second));
  });

  it('numbers turns around Redis and out of flushes in one row', async () => {
    const id = randomUUID();
    const first = aTurn();
    const direct = { conversationId: id, owner: null, aroundRedis: true, ...UNSEALED };
    expect(await archive.append({ ...direct, turn: first, create: true })).toBe(1);
    await Promise.all([
      ...someTurns(10).map((turn) => archive.append({ ...direct, turn, create: false })),
      ...someTurns(10).map((turn) => commit(id, [turn])),
    ]);
    expect(await seqsOf(id)).toEqual(upTo(21));
  });
});

it('takes the turns of a conversation that somebody has archived by hand, and brings it back', async () => {
  const id = randomUUID();
  const [first, second] = someTurns(2) as [StoredTurn, StoredTurn];
  await commit(id, [first]);
  const byHand = 'update conversation_sessions set is_archived = true where conversation_id = $1';
  await database.query(byHand, [id]);
  await commit(id, [second]);
  expect(await idsOf(id)).toEqual(ids([first, second]));
  const [row] = await database.query<{ is_archived: boolean }>(
    'select is_archived from conversation_sessions where conversation_id = $1',
    [id],
  );
  expect(row).toEqual({ is_archived: false });
});

describe('a turn that comes twice', () => {
  it('is stored once, under the number that it had', async () => {
    const id = randomUUID();
    const turns = someTurns(3);
    await commit(id, turns);
    const [again] = await commit(id, turns);
    expect(turns.map((turn) => again!.numbers.get(turn.id))).toEqual([1, 2, 3]);
    await commit(id, [turns[1]!, aTurn()]);
    expect(await seqsOf(id)).toEqual(upTo(4));
    expect(await turnCount(id)).toBe(4);
  });

  it('is stored once though it comes by twenty flushes at once', async () => {
    const id = randomUUID();
    const turns = someTurns(5);
    await Promise.all(upTo(20).map(() => commit(id, turns)));
    expect(await idsOf(id)).toEqual(ids(turns));
    expect(await turnCount(id)).toBe(5);
  });

  it('is stored once though it comes around Redis too', async () => {
    const [id, turn] = [randomUUID(), aTurn()];
    await commit(id, [turn]);
    const direct = {
      conversationId: id,
      owner: null,
      turn,
      create: true,
      aroundRedis: true,
      ...UNSEALED,
    };
    expect(await archive.append(direct)).toBe(1);
    expect(await idsOf(id)).toEqual([turn.id]);
  });
});

describe('batches', () => {
  it('do not deadlock when they hold the same conversations in opposite order', async () => {
    const conversations = upTo(20).map(() => randomUUID());
    await archive.commit(conversations.map((id) => batchOf(id, someTurns(1))));
    await Promise.all(
      upTo(30).map((run) => {
        const order = run % 2 === 0 ? conversations : conversations.toReversed();
        return archive.commit(order.map((id) => batchOf(id, someTurns(1))));
      }),
    );
    for (const id of conversations) expect(await seqsOf(id)).toEqual(upTo(31));
  });

  it('do not deadlock when they begin the same conversations in opposite order', async () => {
    for (const _ of upTo(10)) {
      const conversations = upTo(20).map(() => randomUUID());
      const orders = [conversations, conversations.toReversed(), conversations.toSorted()];
      await Promise.all(
        orders.map((order) => archive.commit(order.map((id) => batchOf(id, someTurns(1))))),
      );
      for (const id of conversations) expect(await seqsOf(id)).toEqual(upTo(3));
    }
  });

  it('are stored as a whole or not at all', async () => {
    const [good, bad] = [randomUUID(), randomUUID()];
    const refused = aTurn({ answer: 'a\0b' });
    const batches = [batchOf(good, someTurns(2)), batchOf(bad, [refused])];
    await expect(archive.commit(batches)).rejects.toMatchObject({ code: '22021' });
    expect(await idsOf(good)).toEqual([]);
    const [row] = await database.query(
      'select 1 from conversation_sessions where conversation_id = any($1)',
      [[good, bad]],
    );
    expect(row).toBeUndefined();
  });
});

describe('an idempotency key that another turn holds', () => {
  const mark = () => ({ key: randomBytes(32).toString('hex'), body: '00'.repeat(32) });

  it('costs neither turn its place, in another batch', async () => {
    const [id, idempotency] = [randomUUID(), mark()];
    const [one, other] = [aTurn({ idempotency }), aTurn({ idempotency })];
    await commit(id, [one]);
    await commit(id, [other]);
    expect(await idsOf(id)).toEqual([one.id, other.id]);
  });

  it('costs neither turn its place, in the same batch', async () => {
    const [id, another, idempotency] = [randomUUID(), randomUUID(), mark()];
    const turns = upTo(3).map(() => aTurn({ idempotency }));
    await archive.commit([batchOf(id, turns.slice(0, 2)), batchOf(another, turns.slice(2))]);
    expect(await idsOf(id)).toEqual(ids(turns.slice(0, 2)));
    expect(await idsOf(another)).toEqual(ids(turns.slice(2)));
  });
});
