import { describe, expect, it } from 'vitest';
import type { HistoryTurn } from '../../src/conversation/turn.js';
import { estimateTokens } from '../../src/history/tokens.js';
import { chooseWindow } from '../../src/history/window.js';
import { randomOf } from '../support/random.js';

const RUNS = 500;
const PIECES = ['a', 'word ', '论', '𝒳', 'é', '👩‍🔬', '. ', '\n'];

const turn = (question: string, answer: string): HistoryTurn => ({ question, answer, sources: [] });
const short = (count: number) =>
  Array.from({ length: count }, (_, index) => turn(`question ${index}`, `answer ${index}`));
const tokensOf = (turns: readonly HistoryTurn[]) =>
  turns.reduce((sum, each) => sum + estimateTokens(each.question) + estimateTokens(each.answer), 0);

function randomCase(seed: number) {
  const random = randomOf(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const text = () =>
    Array.from({ length: upTo(80) }, () => PIECES[upTo(PIECES.length - 1)]).join('');
  const turns = Array.from({ length: upTo(30) }, (_, index) =>
    turn(`${index}: ${text()}`, `${index}: ${text()}`),
  );
  return { turns, limits: { maxTurns: 1 + upTo(25), maxTokens: 1 + upTo(400) } };
}

const randomCases = Array.from({ length: RUNS }, (_, seed) => randomCase(seed + 1));

describe('the history in a prompt', () => {
  it('never exceeds its budget of tokens and turns', () => {
    for (const { turns, limits } of randomCases) {
      const window = chooseWindow(turns, limits);
      expect(window.tokens).toBe(tokensOf(window.turns));
      expect(window.tokens).toBeLessThanOrEqual(limits.maxTokens);
      expect(window.turns.length).toBeLessThanOrEqual(limits.maxTurns);
    }
  });

  it('is in the order in which it was said', () => {
    for (const { turns, limits } of randomCases) {
      const whole = chooseWindow(turns, limits).turns.filter((each) => turns.includes(each));
      const places = whole.map((each) => turns.indexOf(each));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  it('always has the last two turns, whole or cut', () => {
    for (const { turns, limits } of randomCases) {
      const kept = Math.min(2, limits.maxTurns, turns.length);
      const lastOnes = kept === 0 ? [] : chooseWindow(turns, limits).turns.slice(-kept);
      expect(lastOnes).toHaveLength(kept);
      for (const [index, cut] of lastOnes.entries()) {
        const original = turns.at(index - kept)!;
        for (const part of ['question', 'answer'] as const) {
          const begin = cut[part].replace(/ \[…\]$/, '');
          expect(original[part].startsWith(begin)).toBe(true);
        }
      }
    }
  });

  it('cuts between characters', () => {
    for (const { turns, limits } of randomCases) {
      for (const { question, answer } of chooseWindow(turns, limits).turns) {
        expect(`${question}${answer}`.isWellFormed()).toBe(true);
        expect(`${question}${answer}`).not.toContain('\uFFFD');
      }
    }
  });

  it('shows where a text was cut', () => {
    const long = [turn('short?', 'x'.repeat(4000)), turn('y'.repeat(4000), 'short.')];
    const { turns, tokens } = chooseWindow(long, { maxTurns: 20, maxTokens: 400 });
    expect(turns[0]!.question).toBe('short?');
    expect(turns[0]!.answer).toMatch(/^x+ \[…\]$/);
    expect(turns[1]!.question).toMatch(/^y+ \[…\]$/);
    expect(tokens).toBeGreaterThan(200);
  });

  it('is all of a short conversation, unchanged', () => {
    const turns = short(10);
    const window = chooseWindow(turns, { maxTurns: 20, maxTokens: 3000 });
    expect(window).toEqual({ turns, tokens: tokensOf(turns) });
  });

  it('has no more turns than allowed, the newest ones', () => {
    const turns = short(30);
    const limits = { maxTurns: 20, maxTokens: 3000 };
    expect(chooseWindow(turns, limits).turns.slice(-2)).toEqual(turns.slice(-2));
    expect(chooseWindow(turns, limits).turns).toHaveLength(20);
    expect(chooseWindow(turns, { ...limits, maxTurns: 1 }).turns).toEqual(turns.slice(-1));
  });

  it('is nothing where nothing was said', () => {
    const limits = { maxTurns: 20, maxTokens: 3000 };
    expect(chooseWindow([], limits)).toEqual({ turns: [], tokens: 0 });
  });
});
