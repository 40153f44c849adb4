import type { HistoryTurn } from '../conversation/turn.js';
import { estimateTokens } from './tokens.js';

export interface WindowLimits {
  readonly maxTurns: number;
  readonly maxTokens: number;
}

export interface HistoryWindow {
  /** Oldest first. */
  readonly turns: readonly HistoryTurn[];
  /** Never more than `maxTokens`. */
  readonly tokens: number;
}

// A follow-up speaks of what was just said: these reach the prompt whatever they cost.
const ALWAYS_KEPT_TURNS = 2;
// Shows the model, and whoever reads the prompt, that a text goes on.
const CUT_MARK = ' […]';

/** Prunes a history, oldest first, to the newest turns that fit. The last two always do, cut if they must be. */
export function chooseWindow(turns: readonly HistoryTurn[], limits: WindowLimits): HistoryWindow {
  const kept = Math.min(ALWAYS_KEPT_TURNS, limits.maxTurns);
  const chosen: HistoryTurn[] = cutToFit(turns.slice(-kept), limits.maxTokens);
  let tokens = tokensOf(chosen);
  for (let index = turns.length - chosen.length - 1; index >= 0; index--) {
    const turn = turns[index]!;
    const cost = turnTokens(turn);
    if (chosen.length >= limits.maxTurns || tokens + cost > limits.maxTokens) break;
    chosen.unshift(turn);
    tokens += cost;
  }
  return { turns: chosen, tokens };
}

const turnTokens = ({ question, answer }: HistoryTurn): number =>
  estimateTokens(question) + estimateTokens(answer);

const tokensOf = (turns: readonly HistoryTurn[]): number =>
  turns.reduce((sum, turn) => sum + turnTokens(turn), 0);

function cutToFit(turns: readonly HistoryTurn[], maxTokens: number): HistoryTurn[] {
  if (tokensOf(turns) <= maxTokens) return [...turns];
  // Each of the texts gets an equal share; what a short one leaves over goes to the next.
  let left = maxTokens;
  let texts = turns.length * 2;
  const cut = (text: string): string => {
    const share = Math.floor(left / texts--);
    const fitting = cutText(text, share);
    left -= estimateTokens(fitting);
    return fitting;
  };
  return turns.map((turn) => ({
    ...turn,
    question: cut(turn.question),
    answer: cut(turn.answer),
  }));
}

function cutText(text: string, maxTokens: number): string {
  if (estimateTokens(text) <= maxTokens) return text;
  let end = text.length;
  while (end > 0 && estimateTokens(text.slice(0, end) + CUT_MARK) > maxTokens) {
    end = Math.floor(end * 0.9);
  }
  return end > 0
    ? text
        .slice(0, end)
        .toWellFormed()
        .replace(/\uFFFD$/, '') + CUT_MARK
    : '';
}
