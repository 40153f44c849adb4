import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { HistoryChooser } from '../../src/history/history-chooser.js';
import { readForSearch } from '../../src/history/question-terms.js';
import { loadTokenizer } from '../../src/history/tokens.js';
import { Archive } from '../../src/persistence/archive.js';
import { DatabaseOlderTurns } from '../../src/persistence/database.older-turns.js';
import { readDialogues } from '../bench/history/locomo.js';
import { batchOf, openDatabase } from '../support/archive.js';
import { createDatabase } from '../support/stores.js';
import { aTurn } from '../support/turns.js';

const store = await createDatabase();
const database = await openDatabase(store.url);
const archive = new Archive(database);
const older = new DatabaseOlderTurns(database);

async function archived(turns: readonly StoredTurn[], owner: string | null = null) {
  const id = randomUUID();
  await archive.commit([batchOf(id, turns, owner)]);
  return id;
}

const TALK = [
  'Which violin concerto is in E minor?',
  ...Array.from({ length: 5 }, (_, index) => `What is ${index} plus one?`),
  'Do violins need rosin?',
  ...Array.from({ length: 5 }, (_, index) => `What is ${index} times two?`),
];
const talk = () => TALK.map((question) => aTurn({ question, answer: 'Who knows.' }));
const EVERYTHING = { owner: null, beforeSeq: 1_000_000, fragments: [] };

/** The places of what is found, from 1. */
async function found(
  turns: readonly StoredTurn[],
  request: Partial<Parameters<typeof older.related>[0]> & { text: string },
) {
  const conversationId = request.conversationId ?? (await archived(turns));
  const related = await older.related({ ...EVERYTHING, ...request, conversationId });
  return related.map(({ id }) => turns.findIndex((turn) => turn.id === id) + 1);
}

describe('turns that the session has no more', () => {
  it('are found by any word in any form, with their neighbours, oldest first', async () => {
    expect(await found(talk(), { text: 'A violin, a cello' })).toEqual([1, 2, 6, 7, 8]);
  });

  it('come as the prompt takes them', async () => {
    const turns = talk();
    const conversationId = await archived(turns);
    const [first] = await older.related({ ...EVERYTHING, conversationId, text: 'concerto' });
    const { id, question, answer, sources, createdAt, tokens } = turns[0]!;
    expect(first).toEqual({ id, question, answer, sources, createdAt, tokens });
  });

  it('are none that fit no prompt, however well they match', async () => {
    const long = aTurn({ question: 'violin', answer: 'violin '.repeat(40_000) });
    expect(await found([long, ...talk()], { text: 'concerto' })).toEqual([2, 3]);
    expect(await found([long, ...talk()], { text: 'violin' })).toEqual([2, 3, 7, 8, 9]);
  });

  it('are few where those beside the matches are long', async () => {
    const turns = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0
        ? aTurn({ question: 'A concerto?', answer: `Number ${index}.` })
        : aTurn({ question: 'And what else?', answer: 'Who knows. '.repeat(9_000) }),
    );
    const conversationId = await archived(turns);
    const related = await older.related({ ...EVERYTHING, conversationId, text: 'concerto' });
    expect(related.filter(({ question }) => question === 'A concerto?')).toHaveLength(20);
    const characters = related.reduce((sum, { answer }) => sum + answer.length, 0);
    expect(characters).toBeLessThan(300_000);
  });

  it('are none of those that the session has', async () => {
    expect(await found(talk(), { text: 'violin', beforeSeq: 8 })).toEqual([1, 2, 6, 7]);
    expect(await found(talk(), { text: 'violin', beforeSeq: 7 })).toEqual([1, 2]);
  });

  it.each(['', '?!', 'the of and', "it's 'quoted' \\ & | ! <-> :* )(", '<|endoftext|>'])(
    'are not found by a text that says nothing of them: %j',
    async (text) => {
      expect(await found(talk(), { text })).toEqual([]);
    },
  );

  it('are found in scripts without spaces', async () => {
    const turns = ['机器学习是什么？', 'ＡＢＣ', 'モーツァルトの協奏曲'].map((question) =>
      aTurn({ question, answer: '…' }),
    );
    const conversationId = await archived(turns);
    for (const [question, place] of [
      ['学习难吗？', 1],
      ['協奏はどう', 3],
    ] as const) {
      const related = await found(turns, {
        conversationId,
        ...readForSearch(question, [aTurn({ question: 'Hi', answer: 'Hello' })]),
      });
      expect(related).toContain(place);
    }
  });

  it('are nobody else’s, and gone with their conversation', async () => {
    const turns = talk();
    const conversationId = await archived(turns, 'ada');
    const asked = { conversationId, text: 'violin' };
    expect(await found(turns, { ...asked, owner: 'ada' })).toHaveLength(5);
    expect(await found(turns, { ...asked, owner: 'eve' })).toEqual([]);
    expect(await found(turns, { ...asked, owner: null })).toEqual([]);
    await store.query(
      'update conversation_sessions set erased_at = now() where conversation_id = $1',
      [conversationId],
    );
    expect(await found(turns, { ...asked, owner: 'ada' })).toEqual([]);
  });

  it('are found although an instance from before has archived them', async () => {
    const turns = talk();
    const conversationId = await archived(turns);
    await store.query('update conversation_messages set terms = null where conversation_id = $1', [
      conversationId,
    ]);
    expect(await found(turns, { conversationId, text: 'violin' })).toEqual([1, 2, 6, 7, 8]);
  });

  it('leave no word of theirs where they are sealed', async () => {
    const sealed = talk().map((turn) => ({ ...turn, keyId: 'k' }));
    const conversationId = await archived(sealed);
    expect(await found(sealed, { conversationId, text: 'violin' })).toEqual([]);
    const terms = await store.query(
      'select from conversation_messages where conversation_id = $1 and terms is not null',
      [conversationId],
    );
    expect(terms).toEqual([]);
  });
});

describe('reading the words of a turn', () => {
  // Postgres's parser takes 72 s for the first one as it is.
  it.each(['a_', '~/', 'a1@', 'a-', '<a ', '机', '\u{1d49c}b', "'\\"])(
    'holds nobody up, whatever it says: %j over and over',
    async (piece) => {
      const long = aTurn({ answer: piece.repeat(1_000_000 / piece.length) });
      expect(await found([long, ...talk()], { text: 'concerto' })).toEqual([2, 3]);
    },
  );

  it('does not fail for a megabyte of different words', async () => {
    const words = Array.from({ length: 120_000 }, (_, index) => `w${(index * 7919).toString(36)}`);
    const long = aTurn({ answer: words.join(' ') });
    expect(await found([long, ...talk()], { text: 'concerto' })).toEqual([2, 3]);
  });
});

it('brings evidence into the prompt that the session alone has no more', async () => {
  const count = await loadTokenizer();
  const file = new URL('../bench/history/dialogues.json', import.meta.url);
  const [dialogue] = readDialogues(await readFile(file, 'utf8'), count);
  const said = dialogue!.turns.map(({ id, ...turn }) => ({
    id,
    stored: aTurn({ ...turn, createdAt: turn.createdAt ?? Date.now() }),
  }));
  const turns = said.map(({ stored }) => stored);
  const conversationId = await archived(turns);
  const recent = turns.slice(-50);
  const recalls: Record<'session' | 'all', number[]> = { session: [], all: [] };
  for (const { text, evidence } of dialogue!.questions) {
    const wanted = said.filter(({ id }) => evidence.includes(id)).map(({ stored }) => stored.id);
    const asked = readForSearch(text, recent);
    const beforeSeq = turns.length - recent.length + 1;
    const others = await older.related({ conversationId, owner: null, beforeSeq, ...asked });
    for (const [depth, available] of [
      ['session', recent],
      ['all', [...others, ...recent]],
    ] as const) {
      const chooser = new HistoryChooser('relevance', count);
      const window = chooser.choose(text, available, { maxTurns: Infinity, maxTokens: 3000 });
      const ids = new Set(window.turns.map(({ id }) => id));
      recalls[depth].push(wanted.filter((id) => ids.has(id)).length / wanted.length);
    }
  }
  const percent = (each: number[]) =>
    Math.round((100 * each.reduce((sum, recall) => sum + recall, 0)) / each.length);
  const { session, all } = { session: percent(recalls.session), all: percent(recalls.all) };
  console.log(`evidence in a prompt of 3,000 tokens: ${session} % by the session, ${all} % by all`);
  expect(session).toBeLessThan(25);
  expect(all).toBeGreaterThan(70);
});
