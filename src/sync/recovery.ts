import { Injectable, Logger } from '@nestjs/common';
import { Archive } from '../persistence/archive.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { BackgroundSessions } from '../session/session.lanes.js';
import { failureReason } from './failure-reason.js';
import { Flusher } from './flusher.js';

const BATCH_CONVERSATIONS = 500;
// A round takes a few milliseconds; under a load that writes around Redis all the time one of these still finds a gap.
const MAX_ROUNDS = 50;

/**
 * Brings sessions back in step that were written around while Redis was away: flush what they hold, drop
 * them, and clear the mark only if no other turn was written around Redis meanwhile.
 * Runs before the breaker lets requests back to Redis, and with every sweep for what other instances left.
 */
@Injectable()
export class Recovery {
  private readonly logger = new Logger(Recovery.name);
  // Turns that this very instance wrote around Redis and has not recovered yet.
  private owing = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly archive: Archive,
    private readonly sessions: BackgroundSessions,
    private readonly flusher: Flusher,
  ) {
    redis.recoverWith(() => this.beforeRedisIsTrusted());
  }

  /** This instance is about to write a turn around Redis. */
  owe(): void {
    this.owing = true;
  }

  /**
   * This instance has written a turn around Redis. The recovery that lets Redis back in may have looked before:
   * it looks again if it is still under way; else this recovers in the background.
   */
  wroteAround(): void {
    if (this.redis.breaker.isOpen) {
      this.owing = true;
      return;
    }
    this.recover().catch((error: unknown) => {
      this.logger.warn(`a recovery failed (${failureReason(error)}); the sweep repeats it`);
    });
  }

  /** @returns how many conversations were recovered. */
  async recover(): Promise<number> {
    let recovered = 0;
    for (;;) {
      const marked = await this.archive.hotStale(BATCH_CONVERSATIONS);
      for (const { conversationId, mark } of marked) {
        await this.flusher.flushAll(conversationId);
        // A turn may come in between; it is flushed by its own, and the numbers tell that the session lacks one.
        if (!(await this.sessions.drop(conversationId))) continue;
        await this.archive.clearHotStale(conversationId, mark);
        recovered++;
      }
      if (marked.length < BATCH_CONVERSATIONS) return recovered;
    }
  }

  /**
   * With Postgres away too, only an instance that itself wrote around Redis has to wait for it: otherwise an
   * outage of Postgres would keep a restarted instance from using a healthy Redis.
   */
  private async beforeRedisIsTrusted(): Promise<void> {
    const owed = this.owing;
    let recovered = 0;
    try {
      for (let rounds = 0; rounds === 0 || (this.owing && rounds < MAX_ROUNDS); rounds++) {
        this.owing = false;
        recovered += await this.recover();
      }
      if (recovered > 0) this.logger.log(`${recovered} conversations recovered`);
    } catch (error) {
      this.owing ||= owed;
      if (owed || failureReason(error) === 'redis') throw error;
    }
  }
}
