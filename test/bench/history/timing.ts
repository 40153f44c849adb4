import { HistoryChooser } from '../../../src/history/history-chooser.js';
import type { CountTokens } from '../../../src/history/tokens.js';
import type { BenchTurn, Dialogue } from './locomo.js';

const QUESTIONS = 40;
const MAX_TOKENS = 3000;

/** Milliseconds for one choice, medians: `cold` reads every turn, `warm` has read them before. */
export interface Timing {
  readonly cold: number;
  readonly warm: number;
}

/** One choice among the turns of each dialogue. */
export function timeDialogues(dialogues: readonly Dialogue[], count: CountTokens): Timing {
  const timings = dialogues.map(({ turns, questions }) => {
    return timeChoices(
      turns,
      questions.map(({ text }) => text),
      count,
    );
  });
  return {
    cold: medianOf(timings.map(({ cold }) => cold)),
    warm: medianOf(timings.map(({ warm }) => warm)),
  };
}

/** One choice among so many turns, which are taken from the dialogues as often as it needs. */
export function timeTurns(
  dialogues: readonly Dialogue[],
  size: number,
  count: CountTokens,
): Timing {
  const all = dialogues.flatMap(({ turns }) => turns);
  const turns = Array.from({ length: size }, (_, place) => ({
    ...all[place % all.length]!,
    id: String(place),
  }));
  const questions = dialogues.flatMap((dialogue) => dialogue.questions.map(({ text }) => text));
  return timeChoices(turns, questions, count);
}

function timeChoices(
  turns: readonly BenchTurn[],
  questions: readonly string[],
  count: CountTokens,
): Timing {
  const cold: number[] = [];
  const warm: number[] = [];
  for (const question of questions.slice(0, QUESTIONS)) {
    const chooser = new HistoryChooser('relevance', count);
    const choose = () =>
      chooser.choose(question, turns, { maxTurns: Infinity, maxTokens: MAX_TOKENS });
    cold.push(timed(choose));
    warm.push(timed(choose));
  }
  return { cold: medianOf(cold), warm: medianOf(warm) };
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
