import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { storageUnavailable } from '../conversation/errors.js';
import type { StoredAppend } from '../conversation/stored-history.js';
import { Metrics } from '../metrics/metrics.js';
import { AcceptedTurnArchive, ERASED } from '../persistence/accepted-turns.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { AppendedTurn } from '../session/session.js';
import { failureReason } from './failure-reason.js';
import { Recovery } from './recovery.js';
import { UnflushedTurns } from './unflushed-turns.js';

// Enough to be quick, and connections are left for requests.
const PARALLEL_CONVERSATIONS = 4;
// Five times what a flush takes. Both together are less than a request waits for Redis: whoever flushes knows first.
const SUSPICIOUS_AFTER_MS = 100;
const PATIENCE_MS = 200;
// What is left stands behind a turn of another instance, or Postgres takes nothing now: neither lasts long.
const PAUSE_MS = 200;
const IDS_PER_QUESTION = 1000;

/**
 * Archives turns that this instance had accepted into Redis when that cannot be asked for them any more, or may have
 * lost them: so the turns that are then written around Redis do not overtake them, and they survive its loss.
 * Not guaranteed: what another instance had accepted; that is the other instance's to rescue.
 */
@Injectable()
export class Rescue implements OnApplicationShutdown {
  private readonly logger = new Logger(Rescue.name);
  private running = false;
  private stopped = false;
  // Redis came up anew, or without a session that it had: perhaps with less than it had.
  private isDoubtful = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly archive: AcceptedTurnArchive,
    private readonly unflushed: UnflushedTurns,
    private readonly recovery: Recovery,
    private readonly metrics: Metrics,
  ) {
    redis.breaker.onOpened(() => void this.rescueAll());
    recovery.onReturn(() => void this.rescueAll());
    recovery.rescueWith(async (isNewRun) => {
      this.isDoubtful ||= isNewRun && this.pending.length > 0;
      await this.rescueOnce();
    });
  }

  onApplicationShutdown(): void {
    this.stopped = true;
  }

  note(request: StoredAppend, appended: AppendedTurn): void {
    const turn = { ...request.turn, ...appended };
    this.unflushed.note({ ...request, turn, acceptedMs: performance.now() });
  }

  /** Runs a flush; when that takes long, looks whether Redis is there, for a frozen one says nothing of itself. */
  async watched<T>(flush: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => void this.redis.suspect(PATIENCE_MS), SUSPICIOUS_AFTER_MS);
    return flush().finally(() => clearInterval(timer));
  }

  /** A turn is about to be written around Redis: what was accepted before it goes first. @throws as `catchUp`. */
  async beforeWriteAround(conversationId: string): Promise<void> {
    this.metrics.redisFallback.inc();
    await this.catchUp(conversationId);
  }

  /** Before Postgres is asked instead of Redis. @throws ServiceError storage_unavailable when that takes nothing now. */
  async catchUp(conversationId: string): Promise<void> {
    const isDone = await this.rescueOne(conversationId, { skipHeld: false });
    if (!isDone) throw storageUnavailable();
  }

  /** There is no session, or none to be trusted: where it had turns of ours, Redis has lost others too. */
  async afterMiss(conversationId: string): Promise<void> {
    if (!this.unflushed.of(conversationId)) return;
    this.isDoubtful = true;
    await this.rescue([conversationId]);
    void this.rescueAll();
  }

  /**
   * Archives what this instance alone can archive of these conversations now.
   * @returns false when Postgres takes nothing now.
   */
  async rescue(conversationIds: readonly string[]): Promise<boolean> {
    const ids = conversationIds.filter((id) => this.unflushed.of(id));
    for (let first = 0; first < ids.length; first += PARALLEL_CONVERSATIONS) {
      const some = ids.slice(first, first + PARALLEL_CONVERSATIONS);
      const done = await Promise.all(some.map((id) => this.rescueOne(id, { skipHeld: true })));
      if (!done.includes(true)) return false;
    }
    return true;
  }

  /** Conversations with turns that may not be archived yet. */
  get pending(): readonly string[] {
    return this.unflushed.conversationIds;
  }

  /** Its contents are nobody's any more. */
  forget(conversationId: string): void {
    this.unflushed.settleUpTo(conversationId, ERASED);
  }

  /** Everything of which Redis is no longer sure, where there is such a thing. */
  async rescueOnce(): Promise<void> {
    if (this.isNeeded && (await this.rescue(this.pending))) this.isDoubtful = false;
  }

  /** Lets go of what somebody else has archived meanwhile. @throws ServiceError storage_unavailable. */
  async release(): Promise<void> {
    const ids = this.unflushed.conversationIds;
    for (let first = 0; first < ids.length; first += IDS_PER_QUESTION) {
      const archived = await this.archive.archivedUpTo(ids.slice(first, first + IDS_PER_QUESTION));
      for (const [id, seq] of archived) this.unflushed.settleUpTo(id, seq);
    }
  }

  /** Until Redis is back, or nothing is left: an instance that has the turns before ours may be slower. */
  private async rescueAll(): Promise<void> {
    if (this.running) return;
    this.running = true;
    for (; this.isNeeded; await delay(PAUSE_MS, undefined, { ref: false })) await this.rescueOnce();
    this.running = false;
  }

  private get isNeeded(): boolean {
    const mayLack = this.redis.breaker.isOpen || this.isDoubtful;
    return mayLack && this.pending.length > 0 && !this.stopped;
  }

  /** @returns false when Postgres takes nothing now. */
  private async rescueOne(
    conversationId: string,
    options: { readonly skipHeld: boolean },
  ): Promise<boolean> {
    const accepted = this.unflushed.of(conversationId);
    if (!accepted) return true;
    try {
      const ageMs = performance.now() - accepted.sinceMs;
      const batch = { conversationId, ...accepted };
      const archived = await this.archive.commit(batch, { ...options, ageMs });
      this.unflushed.settleUpTo(conversationId, archived);
      this.recovery.wroteAround();
      return true;
    } catch (error) {
      const reason = failureReason(error);
      this.logger.debug(`a conversation was not rescued (${reason})`);
      // What Postgres refuses for what it is stays in Redis, and becomes a dead letter by its flush.
      if (reason === 'poison') this.forget(conversationId);
      return reason === 'poison';
    }
  }
}
