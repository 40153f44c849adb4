import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import type { Recalled } from '../conversation/history-store.js';
import { OlderTurns } from '../conversation/older-turns.js';
import type { EarlierTurn } from '../conversation/turn.js';
import { readForSearch } from '../history/question-terms.js';

export type NewestTurns = Pick<Recalled, 'source' | 'turns' | 'lastSeq'>;

export interface Whose {
  readonly conversationId: string;
  readonly owner: string | null;
}

/**
 * The turns that may go into a prompt: those that were recalled, and with `HISTORY_DEPTH=all` older ones that the
 * question may be about.
 */
@Injectable()
export class HistoryDepth {
  private readonly looksFurther: boolean;

  constructor(
    { historyDepth, historyStrategy }: Environment,
    private readonly older: OlderTurns,
  ) {
    // The newest turns are the session's.
    this.looksFurther = historyDepth === 'all' && historyStrategy === 'relevance';
  }

  /** @param whose the conversation; null: it is kept nowhere @returns oldest first */
  async reach(
    question: string,
    { turns, lastSeq }: NewestTurns,
    whose: Whose | null,
  ): Promise<readonly EarlierTurn[]> {
    const beforeSeq = lastSeq - turns.length + 1;
    if (!this.looksFurther || !whose || beforeSeq <= 1) return turns;
    const { conversationId, owner } = whose;
    const asked = readForSearch(question, turns);
    const found = await this.older.related({ conversationId, owner, beforeSeq, ...asked });
    // What was written around Redis may have taken a place that the session gives to another.
    const recalled = new Set(turns.map(({ id }) => id));
    return [...found.filter(({ id }) => !recalled.has(id)), ...turns];
  }
}
