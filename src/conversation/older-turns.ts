import type { EarlierTurn } from './turn.js';

export interface RelatedTurnsRequest {
  readonly conversationId: string;
  readonly owner: string | null;
  /** Only turns below this place. */
  readonly beforeSeq: number;
  /** Any word of it makes a turn a match. */
  readonly text: string;
  /** So does any of these, inside a word; for scripts that are written without spaces. */
  readonly fragments: readonly string[];
}

/** The turns of a conversation that its session has no more. */
export abstract class OlderTurns {
  /**
   * Those that match best, with their neighbours, oldest first. Sealed turns match nothing; and none is found while
   * the archive is away or slow: a turn does not wait for them.
   */
  abstract related(request: RelatedTurnsRequest): Promise<readonly EarlierTurn[]>;
}

/** Where nothing stands behind the session. */
export class NoOlderTurns extends OlderTurns {
  async related(): Promise<readonly EarlierTurn[]> {
    return [];
  }
}
