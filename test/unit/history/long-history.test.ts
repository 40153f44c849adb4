import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { EarlierTurn } from '../../../src/conversation/turn.js';
import { HistoryChooser } from '../../../src/history/history-chooser.js';
import { countTurn, countTurnInSlices, loadTokenizer } from '../../../src/history/tokens.js';

const LIMITS = { maxTurns: 20, maxTokens: 3000 };
const countTokens = await loadTokenizer();

/** Chinese without any sense, of which nothing repeats. */
const chinese = (characters: number, seed: number): string =>
  Array.from({ length: characters }, (_, index) =>
    String.fromCodePoint(0x4e00 + ((index * 7919 + seed * 104_729) % 20_000)),
  ).join('');

const turn = (seed: number, characters: number): EarlierTurn => ({
  question: chinese(characters / 10, seed),
  answer: chinese(characters, seed + 1),
  sources: [],
});

/** How often others have their turn meanwhile. */
async function othersDuring(work: () => Promise<unknown>): Promise<number> {
  let times = 0;
  let isDone = false;
  const others = (async () => {
    for (; !isDone; times++) await setImmediate();
  })();
  await work();
  isDone = true;
  await others;
  return times;
}

describe('a history of 100,000 Chinese characters', () => {
  it.each([
    ['as clients send it', {}],
    ['as it is stored', { tokens: 2000 }],
  ])('holds nobody up while it is read, %s', async (_, stored) => {
    const turns = Array.from({ length: 50 }, (_each, seed) => ({ ...turn(seed, 2000), ...stored }));
    const chooser = new HistoryChooser('relevance', countTokens);
    expect(await othersDuring(() => chooser.read(turns))).toBeGreaterThan(5);
  });

  it('is counted as it was read', async () => {
    const turns = Array.from({ length: 5 }, (_, seed) => turn(seed, 400));
    let counted = 0;
    const count = (text: string) => {
      counted++;
      return countTokens(text);
    };
    const chooser = new HistoryChooser('relevance', count);
    await chooser.read(turns);
    counted = 0;
    const window = chooser.choose('注意力?', turns, LIMITS);
    expect(counted).toBe(0);
    expect(window).toEqual(
      new HistoryChooser('relevance', countTokens).choose('注意力?', turns, LIMITS),
    );
  });

  it('holds nobody up while its tokens are counted, and has as many', async () => {
    const long = turn(1, 100_000);
    let tokens = 0;
    const others = await othersDuring(async () => {
      tokens = await countTurnInSlices(long, countTokens);
    });
    expect(others).toBeGreaterThan(5);
    expect(tokens).toBe(countTurn(long, countTokens));
  });

  it('is not counted as a whole where it has to be cut', () => {
    let characters = 0;
    const count = (text: string) => {
      characters += text.length;
      return countTokens(text);
    };
    const long = { ...turn(1, 100_000), tokens: 200_000 };
    const { tokens } = new HistoryChooser('recency', count).choose('?', [long], LIMITS);
    expect(tokens).toBeGreaterThan(2000);
    expect(tokens).toBeLessThanOrEqual(LIMITS.maxTokens);
    expect(characters).toBeLessThan(50_000);
  });
});
