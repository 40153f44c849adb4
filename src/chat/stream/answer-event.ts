import type { AnswerPart } from '../../answer/answer-engine.js';
import type { ErrorCode } from '../../conversation/errors.js';
import type { Appended } from '../../conversation/history-store.js';
import type { Durability, TokenUsage, Turn } from '../../conversation/turn.js';

/** Where a turn is kept, and how safely. */
export interface Kept {
  readonly seq: number | null;
  readonly durability: Durability | Appended['durability'];
}

/**
 * How a stream ends. `finished`: with the whole answer. `stopped`: somebody wanted no more. `failed`: with an error.
 * The last two with what was kept of it, or null.
 */
export type Ending =
  | ({
      readonly how: 'finished';
      readonly status: Turn['status'];
      readonly usage: TokenUsage;
    } & Kept)
  | { readonly how: 'stopped'; readonly kept: Kept | null }
  | {
      readonly how: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly kept: Kept | null;
    };

/** What happens to a running answer, in this order: its parts, that it is whole, its end. */
export type AnswerEvent =
  | AnswerPart
  /** The engine came to its end by itself; the turn is about to be kept. */
  | {
      readonly type: 'answered';
      readonly status: Turn['status'];
      readonly usage: TokenUsage;
      readonly latencyMs: number;
    }
  | { readonly type: 'ended'; readonly ending: Ending };
