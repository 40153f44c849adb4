import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { StoredExported } from '../../src/conversation/stored-export.js';
import { ArchivePages } from '../../src/persistence/archive-pages.js';
import { Archive } from '../../src/persistence/archive.js';
import { DeadLetters } from '../../src/persistence/dead-letters.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { DatabaseExport } from '../../src/persistence/database.export.js';
import { batchOf, openDatabase } from '../support/archive.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const deadLetters = new DeadLetters(connection, new Metrics());
const pages = new ArchivePages(connection);
const exported = new DatabaseExport(pages);

async function all(owner: string): Promise<StoredExported[]> {
  const items = [];
  for await (const item of exported.exportAll(owner)) items.push(item);
  return items;
}

/** What came after each conversation, as places. */
function placesOf(items: readonly StoredExported[]): Record<string, (number | null)[]> {
  const places: Record<string, (number | null)[]> = {};
  let current = '';
  for (const item of items) {
    if (item.type === 'conversation') places[(current = item.conversation.id)] = [];
    else if (item.conversationId === current) places[current]!.push(item.seq);
    else throw new Error('a turn is out of place');
  }
  return places;
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it('gives long conversations, short ones and empty ones, each with its turns in their order', async () => {
  const sizes = [0, 1, 1203, 2, 0, 499, 500, 501, 3];
  const ids = sizes.map(() => randomUUID());
  for (const [index, id] of ids.entries()) {
    await archive.commit([batchOf(id, someTurns(sizes[index]!), 'ada')]);
  }
  await archive.commit([batchOf(randomUUID(), someTurns(2), 'bob')]);
  const expected = Object.fromEntries(ids.map((id, index) => [id, upTo(sizes[index]!)]));
  expect(placesOf(await all('ada'))).toEqual(expected);
});

it('gives more conversations than a page holds', async () => {
  const ids = Array.from({ length: 230 }, () => randomUUID());
  await archive.commit(ids.map((id) => batchOf(id, someTurns(2), 'cleo')));
  const places = placesOf(await all('cleo'));
  expect(Object.keys(places)).toEqual(ids.toSorted());
  expect(new Set(Object.values(places).map(String))).toEqual(new Set(['1,2']));
});

it('takes no more than some megabytes at a time, and a larger turn alone', async () => {
  const id = randomUUID();
  const sizes = [5_000_000, 10, 1_500_000, 1_500_000, 1_500_000, 10];
  const turns = sizes.map((size) => aTurn({ answer: 'x'.repeat(size) }));
  await archive.commit([batchOf(id, turns, 'dora')]);
  const read: number[] = [];
  for (let afterSeq = 0; ;) {
    const page = await pages.turns([{ conversationId: id, afterSeq, upToSeq: 6 }]);
    if (page.length === 0) break;
    read.push(page.length);
    afterSeq = page.at(-1)!.turn.seq;
  }
  expect(read).toEqual([1, 3, 2]);
  expect(placesOf(await all('dora'))).toEqual({ [id]: upTo(6) });
});

it('shows as many turns as it said, although the conversation goes on meanwhile', async () => {
  const id = randomUUID();
  await archive.commit([batchOf(id, someTurns(3), 'emil')]);
  const items = exported.exportAll('emil');
  const taken: StoredExported[] = [(await items.next()).value as StoredExported];
  await archive.commit([batchOf(id, someTurns(2), 'emil')]);
  for await (const item of items) taken.push(item);
  expect(taken[0]).toMatchObject({ conversation: { turnCount: 3 } });
  expect(placesOf(taken)).toEqual({ [id]: [1, 2, 3] });
});

it('shows dead letters behind the turns of their conversation, without a place', async () => {
  const id = randomUUID();
  await archive.commit([batchOf(id, someTurns(2), 'fay')]);
  const letters = someTurns(23);
  for (const letter of letters) await deadLetters.bury(batchOf(id, [], 'fay'), letter, '23514');
  const items = await all('fay');
  const ids = items.flatMap((item) => (item.type === 'turn' ? item.turn.id : []));
  expect(ids.slice(2).toSorted()).toEqual(letters.map((letter) => letter.id).toSorted());
  const nowhere = items.filter((item) => item.type === 'turn' && item.seq === null);
  expect(nowhere).toHaveLength(23);
  expect(nowhere[0]).toMatchObject({ durability: 'accepted' });
});
