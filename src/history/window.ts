import { cutToFit, type FittedTurns } from './cut.js';
import type { EarlierTurn } from '../conversation/turn.js';
import type { CountTokens } from './tokens.js';

export interface WindowLimits {
  readonly maxTurns: number;
  readonly maxTokens: number;
}

export interface HistoryWindow {
  /** Oldest first. */
  readonly turns: readonly EarlierTurn[];
  /** Never more than `maxTokens`. */
  readonly tokens: number;
}

/** Which of the turns before the last ones go first into the prompt. */
export interface FillOrder {
  /** Places of turns, first choice first. */
  readonly places: Iterable<number>;
  /** Stop at the first turn that does not fit, so that none is missing in between. */
  readonly unbroken: boolean;
}

// A follow-up speaks of what was just said: these reach the prompt whatever they cost.
const ALWAYS_KEPT_TURNS = 2;

/**
 * Prunes a history, oldest first, to the limits: the last two turns, cut if they must be, and as many
 * others whole as fit, in the given order of preference.
 */
export function fillWindow(
  turns: readonly EarlierTurn[],
  order: FillOrder,
  limits: WindowLimits,
  { tokensOf, count }: { tokensOf: (turn: EarlierTurn) => number; count: CountTokens },
): HistoryWindow {
  const kept = turns.slice(-Math.min(ALWAYS_KEPT_TURNS, limits.maxTurns));
  const last = whole(kept, tokensOf);
  const { turns: end, tokens: endTokens } =
    last.tokens > limits.maxTokens ? cutToFit(kept, limits.maxTokens, count) : last;
  const others = turns.length - kept.length;
  const chosen: number[] = [];
  let tokens = endTokens;
  for (const place of order.places) {
    if (chosen.length + kept.length >= limits.maxTurns) break;
    if (place >= others) continue;
    const cost = tokensOf(turns[place]!);
    if (tokens + cost <= limits.maxTokens) {
      chosen.push(place);
      tokens += cost;
    } else if (order.unbroken) break;
  }
  chosen.sort((one, other) => one - other);
  return { turns: [...chosen.map((place) => turns[place]!), ...end], tokens };
}

function whole(
  turns: readonly EarlierTurn[],
  tokensOf: (turn: EarlierTurn) => number,
): FittedTurns {
  return { turns, tokens: turns.reduce((sum, turn) => sum + tokensOf(turn), 0) };
}
