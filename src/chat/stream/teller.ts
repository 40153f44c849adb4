import type { AnswerPart } from '../../answer/answer-engine.js';
import type {
  AnswerHead,
  AnswerJournal,
  JournalWriter,
} from '../../conversation/answer-journal.js';
import { conversationNotFound, ServiceError } from '../../conversation/errors.js';
import type { TurnResult } from '../idempotent-turns.js';
import type { AnsweredQuestion, TurnListener } from '../turn.js';
import type { Ending, Kept } from './answer-event.js';
import { LiveAnswer } from './live-answer.js';

/** Why an answer is aborted of which somebody wants no more. */
export const STOPPED = new DOMException('Nobody wants the rest.', 'AbortError');

/** Another instance took this one for dead, and keeps what was said until then. */
const TAKEN = new DOMException('Another instance keeps the turn.', 'AbortError');

/** An answer that broke off without a word of its engine. */
export const brokenOff = (kept: Kept | null): Ending => ({
  how: 'failed',
  code: 'answer_engine_failed',
  message: 'The answer broke off; what is kept of it is what was said until then.',
  kept,
});

/** Tells one turn to its readers: through a list in memory, and through the journal where instances share one. */
export class Teller implements TurnListener {
  readonly abort = new AbortController();
  live: LiveAnswer | null = null;
  head: AnswerHead | null = null;
  writer: JournalWriter | null = null;
  private cause: unknown = null;

  constructor(
    private readonly journal: AnswerJournal,
    private readonly onBegun: (answer: LiveAnswer) => void,
  ) {}

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** What was said until now. */
  get text(): string {
    const texts = this.live?.events.map((event) => (event.type === 'text' ? event.text : ''));
    return texts?.join('') ?? '';
  }

  begun(head: AnswerHead | null): void {
    this.head = head;
    this.live = new LiveAnswer(
      head?.conversationId ?? null,
      head?.turnId ?? null,
      head?.owner ?? null,
    );
    if (head) {
      this.writer = this.journal.open(head, this.live.events, {
        stopWanted: () => this.abort.abort(STOPPED),
        taken: () => this.abort.abort(TAKEN),
        erased: () => this.abort.abort(conversationNotFound()),
      });
    }
    this.onBegun(this.live);
  }

  said(part: AnswerPart): void {
    this.live?.add(part);
    this.writer?.more();
  }

  brokeOff(cause: unknown): void {
    this.cause = cause;
  }

  answered({ answer, latencyMs }: AnsweredQuestion): void {
    if (this.cause !== null) return;
    this.live?.add({ type: 'answered', status: answer.status, usage: answer.usage, latencyMs });
    this.writer?.more();
  }

  /** No reader waits for ever, whatever went wrong. */
  endAnyhow(): void {
    if (!this.live || this.live.hasEnded) return;
    this.writer?.abandon();
    this.live.add({ type: 'ended', ending: brokenOff(null) });
  }

  /** How a turn ends that was kept. */
  endingOf({ reply, status }: TurnResult): Ending {
    const { seq, durability, usage } = reply;
    const kept = { seq, durability };
    if (this.cause !== null) return this.endingAfter(this.cause, seq === null ? null : kept);
    const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage;
    return { how: 'finished', status, usage: { promptTokens, completionTokens }, ...kept };
  }

  /** How a turn ends whose answer, or whose keeping, failed. */
  endingAfter(cause: unknown, kept: Kept | null): Ending {
    const reason: unknown = this.signal.aborted ? this.signal.reason : cause;
    if (reason === STOPPED) return { how: 'stopped', kept };
    if (reason === TAKEN) return brokenOff(kept);
    const error = reason instanceof ServiceError ? reason : cause;
    if (!(error instanceof ServiceError)) {
      const message = 'Something went wrong here, not in your request.';
      return { how: 'failed', code: 'internal', message, kept };
    }
    return { how: 'failed', code: error.code, message: error.message, kept };
  }
}
