import { BoundedCache } from './bounded-cache.js';
import type { EarlierTurn } from '../conversation/turn.js';
import { Pauses } from './pauses.js';
import { rankTurns } from './relevance.js';
import { type CountTokens, countTurn, countTurnInSlices } from './tokens.js';
import { TurnTermsCache } from './turn-terms.js';
import { type FillOrder, fillWindow, type HistoryWindow, type WindowLimits } from './window.js';

export type HistoryStrategy = 'relevance' | 'recency';

const MOST_COUNTS_KEPT = 20_000;

/**
 * Chooses the turns that go into the prompt: the last two, and those that help most with the question.
 * Guaranteed: within the limits, in the order in which they were said, the same for the same input.
 * The caches only save time.
 */
export class HistoryChooser {
  private readonly terms = new TurnTermsCache();
  private readonly counts = new BoundedCache<number>(MOST_COUNTS_KEPT, () => 1);
  // Those of turns that somebody is about to choose from.
  private readonly held = new WeakMap<EarlierTurn, number>();

  constructor(
    private readonly strategy: HistoryStrategy,
    private readonly count: CountTokens,
  ) {}

  /** What is new in turns takes long to read, where there are many pages of them: in parts, it holds nobody up. */
  async read(turns: readonly EarlierTurn[]): Promise<void> {
    const pauses = new Pauses();
    for (const turn of turns) {
      if (this.strategy === 'relevance') this.terms.of(turn);
      if (!this.isCounted(turn)) this.held.set(turn, await countTurnInSlices(turn, this.count));
      await pauses.take();
    }
  }

  /** @param turns all that may be chosen, oldest first */
  choose(question: string, turns: readonly EarlierTurn[], limits: WindowLimits): HistoryWindow {
    const tokensOf = (turn: EarlierTurn) => this.tokensOf(turn);
    return fillWindow(turns, this.orderOf(question, turns), limits, {
      tokensOf,
      count: this.count,
    });
  }

  private orderOf(question: string, turns: readonly EarlierTurn[]): FillOrder {
    return this.strategy === 'relevance'
      ? { places: rankTurns(question, turns, this.terms), unbroken: false }
      : { places: [...turns.keys()].reverse(), unbroken: true };
  }

  /** As counted when the turn was appended; a turn from before there were counts is counted here, once. */
  private tokensOf(turn: EarlierTurn): number {
    const count = () => this.held.get(turn) ?? countTurn(turn, this.count);
    return turn.tokens ?? this.counts.get(turn.id, count);
  }

  private isCounted({ id, tokens }: EarlierTurn): boolean {
    return typeof tokens === 'number' || this.counts.has(id);
  }
}
