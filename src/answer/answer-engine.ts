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

/** A piece of an answer that is still being made. What was said is never taken back. */
export type AnswerPart =
  /** First and once, when the answer begins: what an answer that breaks off would be recorded with. */
  | { readonly type: 'start'; readonly model: string; readonly promptTokens: number }
  /** A paper, in order of first use, before the first text that holds its mark. */
  | { readonly type: 'citation'; readonly citation: Citation }
  /** Well-formed Unicode without NUL, not empty. */
  | { readonly type: 'text'; readonly text: string };

/**
 * Answers one question. An implementation finds its own papers, respects the signal and throws a
 * ServiceError with `answer_engine_failed` or `answer_engine_timeout`; it keeps nothing.
 */
export abstract class AnswerEngine {
  /**
   * Yields the answer as it comes, and returns the whole one: its text is the texts of the parts, its
   * citations are theirs. Who wants no more ends the generator, or aborts the signal, which also works
   * while a part is waited for; either reaches whoever makes the answer.
   */
  abstract stream(request: AnswerRequest): AsyncGenerator<AnswerPart, Answer, undefined>;

  /** The whole answer at once. */
  async answer(request: AnswerRequest): Promise<Answer> {
    const parts = this.stream(request);
    for (;;) {
      const step = await parts.next();
      if (step.done) return step.value;
    }
  }
}
