import { normalizeIp } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../conversation/errors.js';
import type { Count } from './counters.js';

const MS_PER_SECOND = 1000;

/** So many of something in a window of time. */
export interface RatePolicy {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * The name that a caller without identity is counted under: the address, or the /64 of an IPv6 one, as
 * that is what one household or one machine has at least.
 */
export function addressOf(request: FastifyRequest): string {
  return `address ${normalizeIp(request.ip ?? '')}`;
}

/** Says in a reply how much is left; draft-ietf-httpapi-ratelimit-headers-10. */
export function sayRate(
  reply: FastifyReply,
  { name, limit, windowMs }: RatePolicy,
  { hits, secondsLeft }: Count,
): void {
  const left = Math.max(0, limit - hits);
  void reply
    .header('RateLimit-Policy', `"${name}";q=${limit};w=${windowMs / MS_PER_SECOND}`)
    .header('RateLimit', `"${name}";r=${left};t=${secondsLeft}`);
}

export const rateLimited = (message: string, { secondsLeft }: Count): ServiceError =>
  new ServiceError('rate_limited', message, { retryAfterSeconds: secondsLeft });
