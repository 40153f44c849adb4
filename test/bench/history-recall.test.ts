import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../src/history/tokens.js';
import { type Dialogue, readDialogues } from './history/locomo.js';
import { meanRecall } from './history/recall.js';

describe('the evidence for 60 questions about a long talk', async () => {
  const count = await loadTokenizer();
  let dialogues: Dialogue[];
  beforeAll(async () => {
    const file = new URL('history/dialogues.json', import.meta.url);
    dialogues = readDialogues(await readFile(file, 'utf8'), count);
  });

  it('comes from all of the questions', () => {
    expect(dialogues.flatMap(({ questions }) => questions)).toHaveLength(60);
    expect(dialogues.map(({ left }) => left)).toEqual([{ questions: 0, evidence: 0 }]);
    expect(dialogues[0]!.turns).toHaveLength(448);
  });

  it.each([
    { maxTokens: 1000, ours: 68, recency: 10 },
    { maxTokens: 3000, ours: 81, recency: 35 },
  ])('reaches a prompt of $maxTokens tokens', ({ maxTokens, ours, recency }) => {
    expect(meanRecall(dialogues, 'relevance', maxTokens, count)).toBeGreaterThan(ours);
    expect(meanRecall(dialogues, 'recency', maxTokens, count)).toBeLessThan(recency);
  });
});

describe('a file of dialogues', () => {
  const conversation = {
    speaker_a: 'Ann',
    speaker_b: 'Bo',
    session_2_date_time: '1:56 pm on 8 May, 2023',
    session_2: [{ speaker: 'Bo', dia_id: 'D2:5', text: 'Hi', blip_caption: 'a cat' }],
    session_10: [{ speaker: 'Ann', dia_id: 'D10:1', text: 'Bye' }],
    session_1: [{ speaker: 'Ann', dia_id: 'D1:1', text: 'Hello' }],
  };
  const read = (evidence: unknown) =>
    readDialogues(
      JSON.stringify([{ sample_id: 'x', conversation, qa: [{ question: 'Q?', evidence }] }]),
      (text) => text.length,
    )[0]!;

  it('gives a turn for each utterance, in order, with its day and picture', () => {
    const { turns } = read([]);
    expect(turns.map(({ question }) => question)).toEqual([
      'Ann: Hello',
      'Bo: Hi [picture: a cat]',
      'Ann: Bye',
    ]);
    expect(turns.map(({ createdAt }) => createdAt)).toEqual([
      undefined,
      Date.UTC(2023, 4, 8),
      undefined,
    ]);
    expect(turns[0]!.tokens).toBe('Ann: Hello'.length);
  });

  it.each([
    [['D1:1; D2:5'], ['x D1:1', 'x D2:5']],
    [['D:2:05', 'D2:5'], ['x D2:5']],
    [
      ['D1:1 D10:1', 'D9:9', 'D'],
      ['x D1:1', 'x D10:1'],
    ],
  ])('is read although its evidence is untidy: %j', (evidence, ids) => {
    expect(read(evidence).questions).toEqual([{ text: 'Q?', evidence: ids }]);
  });

  it.each([[[]], [undefined], [['D9:9']]])('loses a question without evidence: %j', (evidence) => {
    expect(read(evidence).questions).toEqual([]);
    expect(read(evidence).left.questions).toBe(1);
  });
});
