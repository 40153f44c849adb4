import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Counters } from './counters.js';

type Increment = ThrottlerStorage['increment'];

/** The throttler's storage, shared by all instances. */
export class CountersStorage implements ThrottlerStorage {
  constructor(private readonly counters: Counters) {}

  async increment(...[name, ttlMs, limit]: Parameters<Increment>): ReturnType<Increment> {
    const { hits, secondsLeft } = await this.counters.hit(name, ttlMs);
    return {
      totalHits: hits,
      timeToExpire: secondsLeft,
      isBlocked: hits > limit,
      timeToBlockExpire: secondsLeft,
    };
  }
}
