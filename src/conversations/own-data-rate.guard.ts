import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../auth/caller.js';
import { Environment } from '../config/environment.js';
import { Counters } from '../limits/counters.js';
import { rateLimited, type RatePolicy, sayRate } from '../limits/rate-policy.js';

const WINDOW_MS = 60_000;

/**
 * Limits how often a user asks for everything at once, as each time all sessions are looked through: up to
 * CHAT_RATE_LIMIT a minute, all instances together, apart from the user's turns.
 */
@Injectable()
export class OwnDataRateGuard implements CanActivate {
  private readonly policy: RatePolicy;

  constructor(
    private readonly counters: Counters,
    { chatRateLimit, historyMode }: Environment,
  ) {
    // Where nothing is kept, that is said first.
    const limit = historyMode === 'client' ? 0 : chatRateLimit;
    this.policy = { name: 'me', limit, windowMs: WINDOW_MS };
  }

  /** @throws ServiceError rate_limited. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { userId } = callerOf(http.getRequest<FastifyRequest>());
    const { name, limit, windowMs } = this.policy;
    // Who has no identity owns nothing, and is told so without a look.
    if (limit === 0 || userId === null) return true;
    const count = await this.counters.hit(`${name} user ${userId}`, windowMs);
    sayRate(http.getResponse<FastifyReply>(), this.policy, count);
    if (count.hits > limit) throw rateLimited('Too often in a minute; wait a little.', count);
    return true;
  }
}
