import { Injectable, Logger } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { Database } from '../persistence/database.js';
import { HotStaleMarks } from '../persistence/hot-stale-marks.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { BackgroundSessions } from '../session/session.lanes.js';
import { failureReason } from './failure-reason.js';

// One statement and a script each: a batch takes some 50 ms.
const BATCH_CONVERSATIONS = 500;
// Under a load that writes around Redis without a pause there is always something left: that is recovered right
// after, since Redis must not wait for it for ever.
const MAX_ROUNDS = 3;

/**
 * Brings sessions back in step that were written around while Redis was away. It only takes the trust from
 * them, so that no conversation can hold up the others: whoever wants one next flushes what it holds, and has
 * the archive fill it anew. A mark is cleared only if no other turn was written around Redis meanwhile.
 * Runs before the breaker lets requests back to Redis, and with every sweep for what other instances left.
 */
@Injectable()
export class Recovery {
  private readonly logger = new Logger(Recovery.name);
  // Turns that this very instance wrote around Redis and has not recovered yet.
  private owing = false;
  // Turns on their way around Redis.
  private underWay = 0;
  private hasLooked = false;
  // The server may have come up with older data: what was erased lately is in it again.
  private mayHoldErased = false;
  private running: Promise<number> | undefined;
  private rescue: (isNewRun: boolean) => Promise<void> = async () => {};

  constructor(
    private readonly redis: RedisConnection,
    private readonly database: Database,
    private readonly marks: HotStaleMarks,
    private readonly sessions: BackgroundSessions,
    private readonly environment: Environment,
  ) {
    redis.fallBackWhile(() => !database.breaker.isOpen);
    redis.recoverWith(async (isNewRun) => {
      this.mayHoldErased ||= isNewRun;
      await this.rescue(isNewRun);
      await this.beforeRedisIsTrusted();
    });
    redis.breaker.onClosed(() => {
      if (this.owing) this.recoverInBackground();
    });
  }

  /** Registers what has to be archived before the sessions are brought in step with the archive. */
  rescueWith(rescue: (isNewRun: boolean) => Promise<void>): void {
    this.rescue = rescue;
  }

  /** Calls the listener each time that one of the stores is back. */
  onReturn(listener: () => void): void {
    for (const { breaker } of [this.redis, this.database]) breaker.onClosed(listener);
  }

  /**
   * Writes a turn around Redis. What fails is owed by nobody: it was not acknowledged, and where it was committed all
   * the same, its mark is recovered with the next sweep.
   */
  async around<T>(write: () => Promise<T>): Promise<T> {
    this.underWay++;
    try {
      const written = await write();
      this.wroteAround();
      return written;
    } finally {
      this.underWay--;
    }
  }

  /**
   * This instance has written a turn around Redis. The recovery that lets Redis back in may have looked before:
   * it looks again if it is still under way; else this recovers in the background.
   */
  wroteAround(): void {
    this.owing = true;
    if (!this.redis.breaker.isOpen) this.recoverInBackground();
  }

  /** @returns how many conversations were recovered. @throws RedisUnavailable, ServiceError storage_unavailable. */
  async recover(): Promise<number> {
    if (this.mayHoldErased) {
      // Clean sessions of longer ago have expired, whatever file they come from; dirty ones meet their tombstone.
      await this.marks.markErased(this.environment.sessionTtlSeconds);
      this.mayHoldErased = false;
    }
    let recovered = 0;
    let lastId = '';
    for (;;) {
      const marked = await this.marks.list(BATCH_CONVERSATIONS, lastId);
      await Promise.all(
        marked.map(({ conversationId, erased }) =>
          erased ? this.sessions.erase(conversationId) : this.sessions.distrust(conversationId),
        ),
      );
      // What somebody else holds in Postgres right now keeps its mark until the next time; its trust is gone all the same.
      if (marked.length > 0) recovered += await this.marks.clear(marked);
      if (marked.length < BATCH_CONVERSATIONS) return recovered;
      lastId = marked.at(-1)!.conversationId;
    }
  }

  /** One at a time: a turn that comes in meanwhile is owed again, and has this begin anew. */
  private recoverInBackground(): void {
    if (this.running) return;
    this.owing = false;
    this.running = this.recover();
    this.running
      .catch((error: unknown) => {
        this.owing = true;
        this.logger.warn(`a recovery failed (${failureReason(error)}); the sweep repeats it`);
        return -1;
      })
      .then((recovered) => {
        this.running = undefined;
        if (recovered >= 0 && this.owing) this.recoverInBackground();
      })
      .catch(() => undefined);
  }

  /**
   * With Postgres away too, only an instance that itself wrote around Redis has to wait for it: otherwise an
   * outage of Postgres would keep a restarted instance from using a healthy Redis.
   */
  private async beforeRedisIsTrusted(): Promise<void> {
    let owed = false;
    let recovered = 0;
    try {
      // At the start nobody has looked for Postgres yet, and what a dead instance wrote around Redis counts too.
      if (!this.hasLooked && this.database.breaker.isOpen) await this.database.breaker.probe();
      this.hasLooked = true;
      for (let rounds = 0; rounds === 0 || (this.owing && rounds < MAX_ROUNDS); rounds++) {
        owed ||= this.owing || this.underWay > 0;
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
