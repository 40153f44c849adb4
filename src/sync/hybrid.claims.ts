import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { type Claim, type ClaimOutcome, Claims, type PlannedTurn } from '../conversation/claims.js';
import { hasCode } from '../conversation/errors.js';
import type { IdempotencyMark } from '../conversation/turn.js';
import { DatabaseClaims } from '../persistence/database.claims.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisClaims } from '../session/redis.claims.js';
import { Patience } from './patience.js';

// A healthy Postgres takes a millisecond. One that is frozen is known to be away after seconds only, and a turn that
// Redis can take must not wait for that.
const LOOK_DEADLINE_MS = 500;

interface UnheardEnd {
  readonly planned: PlannedTurn;
  readonly outcome: ClaimOutcome;
  /** From then on the claim may be somebody else's. */
  readonly lapsesAtMs: number;
}

// An hour's turns of a busy instance; the claims of what is more lapse by themselves.
const MAX_UNHEARD = 10_000;

/**
 * Claims in Redis, and in Postgres while Redis is away. A key that Redis knows nothing of is looked up in
 * Postgres too: Redis may have been lost since, or away when the key was claimed.
 * What Redis could not be told of a claim's end it is told when it is back, so that nobody waits for its lapse.
 * Not guaranteed: one engine call for two requests of which one came before Redis went away, and the other
 * before that one was answered; their turns are both kept, and one of them keeps the key. Nor, where Redis was
 * lost: one engine call while Postgres hangs, and 422 for another body when the turn is a dead letter.
 */
@Injectable()
export class HybridClaims extends Claims {
  private readonly takenAtMs = new WeakMap<IdempotencyMark, number>();
  private readonly unheard = new Map<IdempotencyMark, UnheardEnd>();
  private readonly patience = new Patience(LOOK_DEADLINE_MS);

  constructor(
    private readonly redis: RedisConnection,
    private readonly hot: RedisClaims,
    private readonly durable: DatabaseClaims,
    private readonly environment: Environment,
  ) {
    super();
    redis.breaker.onClosed(() => void this.tellUnheard());
  }

  async take(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim> {
    this.takenAtMs.set(mark, performance.now());
    if (this.redis.breaker.isOpen) return this.durable.take(mark, planned);
    try {
      const claim = await this.hot.take(mark, planned);
      return claim.state === 'taken' ? await this.unlessKnown(mark, claim) : claim;
    } catch (error) {
      if (hasCode(error, 'storage_unavailable')) return this.durable.take(mark, planned);
      if (!hasCode(error, 'idempotency_in_progress')) throw error;
      // Its holder may have answered, and lost Redis, or its life, before it could say so here.
      const archived = await this.durable.find(mark).catch(() => null);
      if (archived) return { state: 'answered', ...archived };
      throw error;
    }
  }

  /** In both: which of the two has the claim was decided by what was up then, not by what is up now. */
  async end(mark: IdempotencyMark, planned: PlannedTurn, outcome: ClaimOutcome): Promise<void> {
    const [hot] = await Promise.allSettled([
      this.hot.end(mark, planned, outcome),
      this.patience.wait(() => this.durable.end(mark, planned, outcome)),
    ]);
    if (hot.status === 'fulfilled' || this.unheard.size >= MAX_UNHEARD) return;
    const takenAtMs = this.takenAtMs.get(mark) ?? -Infinity;
    const lapsesAtMs = takenAtMs + this.environment.claimTimes.lapseMs;
    this.unheard.set(mark, { planned, outcome, lapsesAtMs });
  }

  private async tellUnheard(): Promise<void> {
    const ends = [...this.unheard];
    this.unheard.clear();
    for (const [mark, { planned, outcome, lapsesAtMs }] of ends) {
      if (performance.now() < lapsesAtMs) {
        await this.hot.end(mark, planned, outcome).catch(() => undefined);
      }
    }
  }

  /** Postgres's word goes before the claim that Redis has just given; without Postgres that one has to do. */
  private async unlessKnown(mark: IdempotencyMark, claim: Claim): Promise<Claim> {
    try {
      if (!(await this.patience.wait(() => this.durable.knows(mark, claim)))) return claim;
      const known = await this.durable.take(mark, claim);
      // It names another turn, so nobody would ever end this one.
      await this.hot.end(mark, claim, 'failed');
      return known;
    } catch (error) {
      if (hasCode(error, 'storage_unavailable')) return claim;
      await this.hot.end(mark, claim, 'failed');
      throw error;
    }
  }
}
