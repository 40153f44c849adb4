import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import {
  type Claim,
  type ClaimOutcome,
  Claims,
  type KeyOfConversation,
  type PlannedTurn,
} from '../conversation/claims.js';
import { idempotencyInProgress, idempotencyKeyReused } from '../conversation/errors.js';
import type { IdempotencyMark } from '../conversation/turn.js';
import { claimKey } from '../redis/keys.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { orUnavailable } from './or-unavailable.js';
import { SCRIPTS } from './scripts.js';

const STATES = ['taken', 'resumed', 'answered'] as const;
const IN_PROGRESS = 3;
const OTHER_BODY = 4;
const PARALLEL_SCRIPTS = 128;

/** Claims in Redis: shared by all instances, lost with Redis. */
@Injectable()
export class RedisClaims extends Claims {
  constructor(
    private readonly redis: RedisConnection,
    private readonly environment: Environment,
  ) {
    super();
  }

  async take(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim> {
    const { lapseMs, keepMs } = this.environment.claimTimes;
    const reply = await orUnavailable(
      this.redis.requests.run(
        SCRIPTS.takeClaim,
        [claimKey(mark.key)],
        [mark.body, planned.conversationId, planned.turnId, String(lapseMs), String(keepMs)],
      ),
    );
    const [state, conversationId, turnId] = reply as [number, string, string];
    if (state === IN_PROGRESS) throw idempotencyInProgress();
    if (state === OTHER_BODY) throw idempotencyKeyReused();
    return { state: STATES[state]!, conversationId, turnId };
  }

  async end(mark: IdempotencyMark, planned: PlannedTurn, outcome: ClaimOutcome): Promise<void> {
    const keys = [claimKey(mark.key)];
    await orUnavailable(this.redis.requests.run(SCRIPTS.endClaim, keys, [planned.turnId, outcome]));
  }

  /** Their turns are erased. @throws RedisUnavailable. */
  async forget(claims: readonly KeyOfConversation[]): Promise<void> {
    for (let first = 0; first < claims.length; first += PARALLEL_SCRIPTS) {
      const some = claims.slice(first, first + PARALLEL_SCRIPTS);
      await Promise.all(
        some.map(({ conversationId, key }) =>
          this.redis.requests.run(SCRIPTS.forgetClaim, [claimKey(key)], [conversationId]),
        ),
      );
    }
  }
}
