import { Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../auth/caller.js';
import { addressOf, rateLimited, type RatePolicy, sayRate } from '../limits/rate-policy.js';

/**
 * Limits the turns of a user, or of an address where callers have no identity: all routes that it
 * stands before and all instances together. (By itself the throttler counts each class and handler apart.)
 */
@Injectable()
export class ChatRateGuard extends ThrottlerGuard {
  /** @throws ServiceError rate_limited. */
  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, blockDuration } = request;
    const http = context.switchToHttp();
    const policy: RatePolicy = { name: 'chat', limit, windowMs: ttl };
    const { totalHits, timeToExpire, isBlocked } = await this.storageService.increment(
      `${policy.name} ${ratedCaller(http.getRequest<FastifyRequest>())}`,
      ttl,
      limit,
      blockDuration,
      policy.name,
    );
    const count = { hits: totalHits, secondsLeft: timeToExpire };
    sayRate(http.getResponse<FastifyReply>(), policy, count);
    if (isBlocked) throw rateLimited('Too many turns in a minute; wait a little.', count);
    return true;
  }
}

function ratedCaller(request: FastifyRequest): string {
  const { userId } = callerOf(request);
  return userId === null ? addressOf(request) : `user ${userId}`;
}
