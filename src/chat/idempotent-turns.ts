import { Injectable } from '@nestjs/common';
import { type ClaimOutcome, Claims, type PlannedTurn } from '../conversation/claims.js';
import { type ErrorCode, ServiceError } from '../conversation/errors.js';
import { type FoundTurn, HistoryStore } from '../conversation/history-store.js';
import type { IdempotencyMark, Turn } from '../conversation/turn.js';
import type { ChatReply } from './chat-reply.dto.js';
import { type Beginning, FirstTurns } from './first-turns.js';
import { replayOf } from './reply.js';

export interface TurnResult {
  readonly reply: ChatReply;
  readonly status: Turn['status'];
  /** An earlier request with the same key was answered so. */
  readonly replayed: boolean;
}

export interface PlannedRequest {
  readonly mark: IdempotencyMark | null;
  readonly planned: PlannedTurn;
  readonly owner: string | null;
  /** The conversation begins with it. */
  readonly begins: boolean;
  readonly durability: 'accepted' | 'committed';
}

/**
 * @param retry an earlier try with these ids may have stored the turn
 * @param beginning null: the conversation goes on, or nobody can erase everything of its owner
 */
type AnswerTurn = (
  turn: PlannedTurn,
  retry: boolean,
  beginning: Beginning | null,
) => Promise<TurnResult>;

/**
 * Answers a request with an Idempotency-Key once, however often it comes and to whichever instance; one without each
 * time.
 * The claim names the turn before there is one, so a retry after a crash finds it, or stores the same one.
 */
@Injectable()
export class IdempotentTurns {
  constructor(
    private readonly claims: Claims,
    private readonly store: HistoryStore,
    private readonly firstTurns: FirstTurns,
  ) {}

  /** @throws ServiceError idempotency_in_progress, idempotency_key_reused, and what `answer` throws. */
  async answer(request: PlannedRequest, answer: AnswerTurn): Promise<TurnResult> {
    const { mark, planned } = request;
    const attempt = (turn: PlannedTurn, retry: boolean) => {
      const one = (beginning: Beginning | null) => answer(turn, retry, beginning);
      if (!request.begins) return one(null);
      return this.firstTurns.begin(turn.conversationId, request.owner, one);
    };
    if (!mark) return attempt(planned, false);
    const claim = await this.claims.take(mark, planned);
    try {
      const found = claim.state === 'taken' ? null : await this.find(request, claim);
      const result = found
        ? replayed(claim.conversationId, found)
        : await attempt(claim, claim.state !== 'taken');
      await this.end(mark, claim, 'answered');
      return result;
    } catch (error) {
      // What was answered once stays answered, though it cannot be shown right now.
      if (claim.state !== 'answered') await this.end(mark, claim, outcomeOf(error));
      throw error;
    }
  }

  private find(request: PlannedRequest, claim: PlannedTurn): Promise<FoundTurn | null> {
    const { conversationId, turnId } = claim;
    return this.store.find(conversationId, request.owner, turnId, request.durability);
  }

  /** A claim whose end is not heard lapses by itself; the reply must not fail for it. */
  private async end(
    mark: IdempotencyMark,
    claim: PlannedTurn,
    outcome: ClaimOutcome,
  ): Promise<void> {
    await this.claims.end(mark, claim, outcome).catch(() => undefined);
  }
}

const replayed = (conversationId: string, found: FoundTurn): TurnResult => ({
  reply: replayOf(conversationId, found),
  status: found.turn.status,
  replayed: true,
});

const UNKNOWN: readonly ErrorCode[] = ['storage_unavailable', 'decryption_failed'];

/** Nobody knows whether a turn was stored without storage, or one that cannot be read; all other errors come before. */
function outcomeOf(error: unknown): ClaimOutcome {
  const known = error instanceof ServiceError && !UNKNOWN.includes(error.code);
  return known ? 'failed' : 'unknown';
}
