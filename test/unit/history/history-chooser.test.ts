import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EarlierTurn } from '../../../src/conversation/turn.js';
import { HistoryChooser, type HistoryStrategy } from '../../../src/history/history-chooser.js';
import { countTurn, estimateTokens } from '../../../src/history/tokens.js';

const RUNS = { numRuns: 10_000 };
const STRATEGIES: HistoryStrategy[] = ['relevance', 'recency'];

const text = fc
  .array(
    fc.constantFrom('a', 'lock ', 'gates ', 'in May ', 'it ', '论', '𝒳', 'é', '👩‍🔬', '. ', '\n'),
    {
      maxLength: 24,
    },
  )
  .map((pieces) => pieces.join(''));

/** Some turns as stored, with id, time and count; others as clients send them. */
const history = fc
  .array(
    fc.record(
      {
        question: text,
        answer: text,
        sources: fc.constant([]),
        createdAt: fc.integer({ min: 0, max: 2_000_000_000_000 }),
        tokens: fc.oneof(fc.constant(null), fc.nat({ max: 60 })),
      },
      { requiredKeys: ['question', 'answer', 'sources'] },
    ),
    { maxLength: 24 },
  )
  .map((turns) =>
    turns.map((turn, place): EarlierTurn => (place % 3 ? { ...turn, id: `${place}` } : turn)),
  );

const limits = fc.record({
  maxTurns: fc.integer({ min: 1, max: 20 }),
  maxTokens: fc.integer({ min: 1, max: 300 }),
});

const request = fc.record({
  turns: history,
  question: text,
  limits,
  strategy: fc.constantFrom(...STRATEGIES),
});

type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

const choose = ({ turns, question, limits: atMost, strategy }: Request) =>
  new HistoryChooser(strategy, estimateTokens).choose(question, turns, atMost);

const storedTokens = (turns: readonly EarlierTurn[]) =>
  turns.reduce((sum, turn) => sum + (turn.tokens ?? countTurn(turn, estimateTokens)), 0);

const turn = (question: string, answer: string): EarlierTurn => ({ question, answer, sources: [] });
const short = (count: number) =>
  Array.from({ length: count }, (_, index) => turn(`question ${index}`, `answer ${index}`));

// Ten thousand histories each, also on a machine that has other things to do.
describe('the history in a prompt, whatever was said', { timeout: 120_000 }, () => {
  it('never exceeds its budget of tokens, as they are stored, nor of turns', () => {
    fc.assert(
      fc.property(request, (each) => {
        const window = choose(each);
        expect(window.tokens).toBe(storedTokens(window.turns));
        expect(window.tokens).toBeLessThanOrEqual(each.limits.maxTokens);
        expect(window.turns.length).toBeLessThanOrEqual(each.limits.maxTurns);
      }),
      RUNS,
    );
  });

  it('is in the order in which it was said, each turn once', () => {
    fc.assert(
      fc.property(request, (each) => {
        const uncut = choose(each).turns.filter((chosen) => each.turns.includes(chosen));
        const places = uncut.map((chosen) => each.turns.indexOf(chosen));
        expect(places).toEqual([...new Set(places)].toSorted((one, other) => one - other));
      }),
      RUNS,
    );
  });

  it('always has the last two turns, whole or cut between characters', () => {
    fc.assert(
      fc.property(request, (each) => {
        const kept = Math.min(2, each.limits.maxTurns, each.turns.length);
        const last = kept === 0 ? [] : choose(each).turns.slice(-kept);
        expect(last).toHaveLength(kept);
        for (const [index, cut] of last.entries()) {
          const original = each.turns.at(index - kept)!;
          for (const part of ['question', 'answer'] as const) {
            expect(original[part].startsWith(cut[part].replace(/ \[…\]$/u, ''))).toBe(true);
            expect(cut[part].isWellFormed()).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  it('is the same for the same input, whether the turns were read before or not', () => {
    fc.assert(
      fc.property(request, (each) => {
        const chooser = new HistoryChooser(each.strategy, estimateTokens);
        const first = chooser.choose(each.question, each.turns, each.limits);
        expect(chooser.choose(each.question, each.turns, each.limits)).toEqual(first);
        expect(choose(each)).toEqual(first);
      }),
      RUNS,
    );
  });

  it('has no gap where the newest turns are asked for', () => {
    fc.assert(
      fc.property(request, ({ turns, question, limits: atMost }) => {
        const window = choose({ turns, question, limits: atMost, strategy: 'recency' });
        // The last two may be cut, which makes them other objects.
        const others = window.turns.slice(0, -2);
        const end = turns.length - 2;
        expect(others).toEqual(turns.slice(Math.max(0, end - others.length), Math.max(0, end)));
      }),
      RUNS,
    );
  });
});

describe.each(STRATEGIES)('the history in a prompt, by %s', (strategy) => {
  const chooser = new HistoryChooser(strategy, estimateTokens);

  it('shows where a text was cut', () => {
    const long = [turn('short?', 'x'.repeat(4000)), turn('y'.repeat(4000), 'short.')];
    const { turns, tokens } = chooser.choose('x?', long, { maxTurns: 20, maxTokens: 400 });
    expect(turns[0]!.question).toBe('short?');
    expect(turns[0]!.answer).toMatch(/^x+ \[…\]$/u);
    expect(turns[1]!.question).toMatch(/^y+ \[…\]$/u);
    expect(tokens).toBeGreaterThan(200);
    expect(tokens).toBeLessThanOrEqual(400);
  });

  it('is all of a short conversation, unchanged', () => {
    const turns = short(10);
    const window = chooser.choose('question 3', turns, { maxTurns: 20, maxTokens: 3000 });
    expect(window).toEqual({ turns, tokens: storedTokens(turns) });
  });

  it('is the last turn alone where no more is allowed', () => {
    const turns = short(30);
    const window = chooser.choose('question 3', turns, { maxTurns: 1, maxTokens: 3000 });
    expect(window.turns).toEqual(turns.slice(-1));
  });

  it('is nothing where nothing was said', () => {
    const window = chooser.choose('Hello?', [], { maxTurns: 20, maxTokens: 3000 });
    expect(window).toEqual({ turns: [], tokens: 0 });
  });
});
