import type { Answer, AnswerPart } from '../answer/answer-engine.js';
import type { AnswerHead } from '../conversation/answer-journal.js';
import type { HistoryUse, IdempotencyMark, Metadata, Turn } from '../conversation/turn.js';

/** What the caller's headers ask for. */
export interface TurnConditions {
  readonly idempotency: IdempotencyMark | null;
  /** The seq that has to be the conversation's last. */
  readonly expectedSeq: number | undefined;
}

export interface AnsweredQuestion {
  readonly answer: Answer;
  readonly history: HistoryUse;
  readonly latencyMs: number;
  /** Of question and answer, once they are history; null: not counted yet. */
  readonly tokens: number | null;
}

/** Hears a turn while it is answered. What it has heard of an answer is kept, also when the rest never comes. */
export interface TurnListener {
  /** Aborted when nobody wants more of the answer. */
  readonly signal: AbortSignal;
  /** The turn is allowed, and the engine is asked next. @param head null: it is kept nowhere */
  begun(head: AnswerHead | null): void;
  said(part: AnswerPart): void;
  /** The engine broke off, or was told to: what was said is the answer. */
  brokeOff(cause: unknown): void;
  /** The turn is kept next. */
  answered(answered: AnsweredQuestion): void;
}

export interface AskedTurn {
  readonly id: string;
  readonly question: string;
  readonly metadata: Metadata | null;
  readonly idempotency: IdempotencyMark | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export function turnOf(asked: AskedTurn, answered: AnsweredQuestion): Turn {
  const { answer, history, latencyMs, tokens } = answered;
  const { id, question, metadata, idempotency, createdAt } = asked;
  return {
    id,
    question,
    answer: answer.text,
    sources: answer.citations.map((citation) => citation.id),
    context: { citations: answer.citations, history },
    status: answer.status,
    createdAt,
    model: answer.model,
    usage: answer.usage,
    tokens,
    latencyMs,
    metadata,
    idempotency,
  };
}
