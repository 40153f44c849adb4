import type { HistoryTurn } from '../conversation/turn.js';

/** A turn that may go into the prompt. One that a client sent along has neither id nor time nor count. */
export interface EarlierTurn extends HistoryTurn {
  readonly id?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  /** Tokens of question and answer, counted when the turn was appended. */
  readonly tokens?: number | null;
}
