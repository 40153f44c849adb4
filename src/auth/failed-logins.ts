import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Environment } from '../config/environment.js';
import { Counters } from '../limits/counters.js';
import { addressOf, rateLimited, type RatePolicy, sayRate } from '../limits/rate-policy.js';

const WINDOW_MS = 60_000;

/**
 * Counts bad tokens by address, all instances together, up to CHAT_RATE_LIMIT a minute; one that has merely expired
 * is not counted, as its bearer guesses nothing. Above the limit a bad token gets 429, and the ADMIN_TOKEN, which
 * a person may have chosen and can be guessed, is not compared any more. A signed token still is: no guess
 * comes near a signature, and behind one address may be a whole campus that one of them must not lock out.
 */
@Injectable()
export class FailedLogins {
  private readonly policy: RatePolicy;

  constructor(
    private readonly counters: Counters,
    { chatRateLimit }: Environment,
  ) {
    this.policy = { name: 'login', limit: chatRateLimit, windowMs: WINDOW_MS };
  }

  /** Whether this address has had its tries for this minute. */
  async isBlocked(request: FastifyRequest): Promise<boolean> {
    const { name, limit } = this.policy;
    if (limit === 0) return false;
    return (await this.counters.look(`${name} ${addressOf(request)}`)).hits >= limit;
  }

  /** Counts a bad token. @throws ServiceError rate_limited. */
  async note(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { name, limit, windowMs } = this.policy;
    if (limit === 0) return;
    const count = await this.counters.hit(`${name} ${addressOf(request)}`, windowMs);
    if (count.hits <= limit) return;
    sayRate(reply, this.policy, count);
    throw rateLimited('Too many bad tokens from this address; wait a little.', count);
  }
}
