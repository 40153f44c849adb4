import { Injectable } from '@nestjs/common';
import { type Claim, type ClaimOutcome, Claims, type PlannedTurn } from '../conversation/claims.js';
import { ServiceError } from '../conversation/errors.js';
import type { IdempotencyMark } from '../conversation/turn.js';
import { DatabaseClaims } from '../persistence/database.claims.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisClaims } from '../session/redis.claims.js';

/**
 * Claims in Redis, and in Postgres while Redis is away. A key that Redis knows nothing of is looked up in
 * the archive too: Redis may have been lost since. Not guaranteed: one engine call for two requests that
 * run at the very moment when Redis goes away; their turns are both kept, and one of them keeps the key.
 */
@Injectable()
export class HybridClaims extends Claims {
  constructor(
    private readonly redis: RedisConnection,
    private readonly hot: RedisClaims,
    private readonly durable: DatabaseClaims,
  ) {
    super();
  }

  async take(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim> {
    const claim = await this.takeHot(mark, planned);
    if (claim === null) return this.durable.take(mark, planned);
    if (claim.state !== 'taken') return claim;
    const archived = await this.durable.find(mark).catch(async (error: unknown) => {
      if (isUnavailable(error)) return null;
      await this.hot.end(mark, claim, 'failed');
      throw error;
    });
    return archived ? { state: 'answered', ...archived } : claim;
  }

  /** In both: which of the two has the claim was decided by what was up then, not by what is up now. */
  async end(mark: IdempotencyMark, planned: PlannedTurn, outcome: ClaimOutcome): Promise<void> {
    await Promise.allSettled([
      this.hot.end(mark, planned, outcome),
      this.durable.end(mark, planned, outcome),
    ]);
  }

  /** @returns null while Redis is away. */
  private async takeHot(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim | null> {
    if (this.redis.breaker.isOpen) return null;
    return this.hot.take(mark, planned).catch((error: unknown) => {
      if (isUnavailable(error)) return null;
      throw error;
    });
  }
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'storage_unavailable';
