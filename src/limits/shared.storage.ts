import { Injectable } from '@nestjs/common';
import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import { rateLimitKey } from '../redis/keys.js';
import { type Lane, RedisUnavailable } from '../redis/lane.js';
import { Script } from '../redis/script.js';

const HIT = Script.load(new URL('./lua/hit.lua', import.meta.url));
const MS_PER_SECOND = 1000;

type Increment = ThrottlerStorage['increment'];

/** Counts requests in Redis, for all instances together; with Redis away each instance counts by itself. */
@Injectable()
export class SharedThrottlerStorage implements ThrottlerStorage {
  private readonly local = new ThrottlerStorageService();

  /** @param lane null where the HISTORY_MODE has no Redis. */
  constructor(private readonly lane: Lane | null) {}

  async increment(...args: Parameters<Increment>): ReturnType<Increment> {
    const [key, ttlMs, limit] = args;
    if (!this.lane) return this.local.increment(...args);
    try {
      const reply = await this.lane.run(HIT, [rateLimitKey(key)], [String(ttlMs)]);
      const [totalHits, leftMs] = reply as [number, number];
      const timeToExpire = Math.ceil(leftMs / MS_PER_SECOND);
      const isBlocked = totalHits > limit;
      return { totalHits, timeToExpire, isBlocked, timeToBlockExpire: timeToExpire };
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return this.local.increment(...args);
    }
  }

  onApplicationShutdown(): void {
    this.local.onApplicationShutdown();
  }
}
