import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counters } from '../limits/counters.js';
import { addressOf, rateLimited, type RatePolicy, sayRate } from '../limits/rate-policy.js';

// A client that does not notice that its token has expired sends a few; who guesses gets 30,000 a day, of nothing.
const POLICY: RatePolicy = { name: 'login', limit: 20, windowMs: 60_000 };

/**
 * Counts bad tokens by address, all instances together. Above the limit a bad token gets 429, and the ADMIN_TOKEN, which
 * a person may have chosen and can be guessed, is not compared any more. A signed token still is: no guess
 * comes near a signature, and behind one address may be a whole campus that one of them must not lock out.
 */
@Injectable()
export class FailedLogins {
  constructor(private readonly counters: Counters) {}

  /** Whether this address has had its tries for this minute. */
  async isBlocked(request: FastifyRequest): Promise<boolean> {
    return (await this.counters.look(nameOf(request))).hits >= POLICY.limit;
  }

  /** Counts a bad token. @throws ServiceError rate_limited. */
  async note(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const count = await this.counters.hit(nameOf(request), POLICY.windowMs);
    if (count.hits <= POLICY.limit) return;
    sayRate(reply, POLICY, count);
    throw rateLimited('Too many bad tokens from this address; wait a little.', count);
  }
}

const nameOf = (request: FastifyRequest): string => `${POLICY.name} ${addressOf(request)}`;
