import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../conversation/errors.js';

const POLICY = 'chat';
const MS_PER_SECOND = 1000;

/** Limits the turns of a caller, all chat routes and all instances together. */
@Injectable()
export class ChatRateGuard extends ThrottlerGuard {
  /** @throws ServiceError rate_limited. */
  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, blockDuration, throttler } = request;
    const http = context.switchToHttp();
    // An address is personal: only its digest is kept.
    const key = createHash('sha256').update(http.getRequest<FastifyRequest>().ip).digest('hex');
    const { totalHits, timeToExpire, isBlocked } = await this.storageService.increment(
      key,
      ttl,
      limit,
      blockDuration,
      throttler.name ?? POLICY,
    );
    const left = Math.max(0, limit - totalHits);
    http
      .getResponse<FastifyReply>()
      .header('RateLimit-Policy', `"${POLICY}";q=${limit};w=${ttl / MS_PER_SECOND}`)
      .header('RateLimit', `"${POLICY}";r=${left};t=${timeToExpire}`);
    if (!isBlocked) return true;
    throw new ServiceError('rate_limited', 'Too many turns in a minute; wait a little.', {
      retryAfterSeconds: timeToExpire,
    });
  }
}
