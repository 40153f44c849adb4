import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { Archive } from '../../src/persistence/archive.js';
import { HotStaleMarks } from '../../src/persistence/hot-stale-marks.js';
import { batchOf, openDatabase, UNSEALED } from '../support/archive.js';
import { createDatabase } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const marks = new HotStaleMarks(connection);

const stored = async (id: string, owner: string | null = null) =>
  (await archive.tail(id, owner, 100))?.turns;

async function throughTheArchive(turn: StoredTurn) {
  const id = randomUUID();
  await archive.commit([batchOf(id, [turn])]);
  return (await stored(id))![0];
}

describe('what comes back', () => {
  it.each([
    ['with quotes', ['a "quoted" one', "it's", '""']],
    ['with backslashes', ['C:\\papers', '\\', '\\"']],
    ['with commas and braces', ['a,b', '{a}', '}{', ',']],
    ['with Unicode', ['论文-2017', '𝒳', 'é', '\u2028', 'NULL', 'null', ' ']],
    ['that are empty', ['']],
    ['that are none', []],
    ['over several lines', ['a\nb', '\t', '\r\n']],
  ])('has sources %s as they were', async (_, sources) => {
    const turn = aTurn({ sources });
    expect(await throughTheArchive(turn)).toEqual({ ...turn, seq: 1 });
  });

  it.each([
    { course: 'cs101', week: 7, tags: ['a', 'b'], nested: { deep: [1, { x: null }] } },
    { quotes: '"\'\\', unicode: '论文 𝒳', '': 0, 'a b': true },
    {},
    null,
  ])('has metadata as it was: %j', async (metadata) => {
    const turn = aTurn({ metadata: metadata && JSON.stringify(metadata) });
    const stored = (await throughTheArchive(turn))!;
    expect(stored).toEqual({ ...turn, seq: 1, metadata: stored.metadata });
    expect(JSON.parse(stored.metadata ?? 'null')).toEqual(metadata);
  });

  it('has every field of a turn as it was', async () => {
    const turn = aTurn({
      question: "Robert'); drop table conversation_messages; --",
      answer: '$1 %s \\n {"a":1}\n𝒳',
      status: 'partial',
      createdAt: 1_700_000_000_123,
      model: 'gpt-"x"',
      usage: { promptTokens: 0, completionTokens: 2_000_000_000 },
      latencyMs: 0,
      context: JSON.stringify({
        citations: [{ id: 'a', title: 'T', url: 'https://a.b', snippet: '"s"', score: 0.71 }],
        history: { source: 'hot', turns_used: 2, turns_available: 9, tokens: 77 },
      }),
      idempotency: { key: 'ab'.repeat(32), body: 'cd'.repeat(32) },
    });
    expect(await throughTheArchive(turn)).toEqual({ ...turn, seq: 1 });
  });

  it('is the newest turns, oldest first', async () => {
    const [id, turns] = [randomUUID(), someTurns(10)];
    await archive.commit([batchOf(id, turns)]);
    const tail = await archive.tail(id, null, 3);
    expect(tail!.turns.map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(tail!.conversation).toMatchObject({ id, turnCount: 10, isArchived: false });
    const newest = Math.max(...turns.map(({ createdAt }) => createdAt));
    expect(tail!.conversation.lastActivity).toBe(newest);
  });

  it('is nothing for somebody else', async () => {
    const id = randomUUID();
    await archive.commit([batchOf(id, someTurns(1), 'user-1')]);
    expect(await archive.tail(id, 'user-2', 10)).toBeNull();
    expect(await archive.tail(id, null, 10)).toBeNull();
    expect(await archive.tail(randomUUID(), 'user-1', 10)).toBeNull();
    const append = {
      conversationId: id,
      turn: aTurn(),
      create: true,
      aroundRedis: false,
      ...UNSEALED,
    };
    await expect(archive.append({ ...append, owner: 'user-2' })).rejects.toMatchObject({
      code: 'conversation_not_found',
    });
    expect(await stored(id, 'user-1')).toHaveLength(1);
  });
});

describe('an erased conversation', () => {
  it('takes nothing, and looks as if it had never been', async () => {
    const [id, lively] = [randomUUID(), randomUUID()];
    await archive.commit([batchOf(id, someTurns(2))]);
    await database.query('delete from conversation_messages where conversation_id = $1', [id]);
    await database.query(
      'update conversation_sessions set erased_at = now(), turn_count = 0 where conversation_id = $1',
      [id],
    );
    const late = await archive.commit([batchOf(id, someTurns(2)), batchOf(lively, someTurns(1))]);
    expect(late.map(({ erased }) => erased)).toEqual([true, false]);
    expect(late[0]!.numbers.size).toBe(1);
    expect(await stored(id)).toBeUndefined();
    expect(await stored(lively)).toHaveLength(1);
    const append = {
      conversationId: id,
      owner: null,
      turn: aTurn(),
      aroundRedis: true,
      ...UNSEALED,
    };
    for (const create of [true, false]) {
      await expect(archive.append({ ...append, create })).rejects.toMatchObject({
        code: 'conversation_not_found',
      });
    }
    const rows = await database.query(
      'select 1 from conversation_messages where conversation_id = $1',
      [id],
    );
    expect(rows).toEqual([]);
  });
});

describe('a conversation that was written around Redis', () => {
  const markOf = async (id: string) =>
    (await marks.list(1000)).find(({ conversationId }) => conversationId === id)?.mark;

  it('bears the mark of its last such turn until that very mark is cleared', async () => {
    const id = randomUUID();
    const [first, second] = [aTurn(), aTurn()];
    const append = { conversationId: id, owner: null, aroundRedis: true, ...UNSEALED };
    await archive.append({ ...append, turn: first, create: true });
    expect(await markOf(id)).toBe(first.id);
    await archive.append({ ...append, turn: second, create: false });
    expect(await markOf(id)).toBe(second.id);
    await marks.clear([{ conversationId: id, mark: first.id }]);
    expect(await markOf(id)).toBe(second.id);
    await marks.clear([{ conversationId: id, mark: second.id }]);
    expect(await markOf(id)).toBeUndefined();
  });

  it('bears none where there is no Redis to be behind, or its turns came from there', async () => {
    const [direct, flushed] = [randomUUID(), randomUUID()];
    const append = { conversationId: direct, owner: null, aroundRedis: false, ...UNSEALED };
    await archive.append({ ...append, turn: aTurn(), create: true });
    await archive.commit([batchOf(flushed, someTurns(2))]);
    expect(await markOf(direct)).toBeUndefined();
    expect(await markOf(flushed)).toBeUndefined();
  });
});
