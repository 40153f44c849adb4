import type { Citation, HistoryTurn, TokenUsage } from '../conversation/turn.js';

export interface AnswerRequest {
  readonly query: string;
  /** Turns chosen for the prompt, oldest first. */
  readonly history: readonly HistoryTurn[];
  /** Aborted at the deadline, or when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

export interface Answer {
  /** Well-formed Unicode without NUL, not empty. */
  readonly text: string;
  /** `partial`: cut at `ANSWER_MAX_BYTES`, at a character. */
  readonly status: 'complete' | 'partial';
  /** Papers that the text cites as [1], [2], … in this order. */
  readonly citations: readonly Citation[];
  readonly usage: TokenUsage;
  readonly model: string;
}

/**
 * Answers one question. An implementation finds its own papers, respects the signal and throws a
 * ServiceError with `answer_engine_failed` or `answer_engine_timeout`; it keeps nothing.
 */
export abstract class AnswerEngine {
  abstract answer(request: AnswerRequest): Promise<Answer>;
}
