import type { IdempotencyMark } from './turn.js';

/** The ids that an answer will have, chosen before the engine is asked. */
export interface PlannedTurn {
  readonly conversationId: string;
  readonly turnId: string;
}

/** An Idempotency-Key, as a digest, and the conversation of its turn. */
export interface KeyOfConversation {
  readonly conversationId: string;
  readonly key: string;
}

/**
 * What became of an attempt to claim a key. `taken` is ours to answer; `resumed` too, but an instance that
 * died may have stored the turn already, under the ids given here; `answered` names the turn to replay.
 */
export interface Claim extends PlannedTurn {
  readonly state: 'taken' | 'resumed' | 'answered';
}

/**
 * `answered`: retries get this turn from now on. `failed`: surely nothing was stored, and the key is free.
 * `unknown`: perhaps it was stored; the next retry goes on with the same ids at once.
 */
export type ClaimOutcome = 'answered' | 'failed' | 'unknown';

/**
 * Idempotency keys: one answer for each. Since the ids are planned with the claim, a retry after a crash
 * stores the very same turn, which is stored once however often it comes.
 */
export abstract class Claims {
  /** @throws ServiceError idempotency_in_progress, idempotency_key_reused, storage_unavailable. */
  abstract take(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim>;

  /** What became of it. Best effort: an outcome that is not heard counts as `unknown` once the claim lapses. */
  abstract end(mark: IdempotencyMark, planned: PlannedTurn, outcome: ClaimOutcome): Promise<void>;
}

/** Where nothing is kept there is nothing to be stored twice: keys are ignored. */
export class NoClaims extends Claims {
  async take(_mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim> {
    return { state: 'taken', ...planned };
  }

  async end(): Promise<void> {}
}
