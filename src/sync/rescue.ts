import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { storageUnavailable } from '../conversation/errors.js';
import type { StoredAppend } from '../conversation/stored-history.js';
import { AcceptedTurnArchive, type CommitOptions, ERASED } from '../persistence/accepted-turns.js';
import type { AcceptedBatch } from '../persistence/accepted.statements.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { AppendedTurn } from '../session/session.js';
import { failureReason } from './failure-reason.js';
import { Recovery } from './recovery.js';
import { Refusals } from './refusals.js';
import { type AcceptedTurns, UnflushedTurns } from './unflushed-turns.js';

// Enough to be quick, and connections are left for requests.
const PARALLEL_CONVERSATIONS = 4;
// Five times what a flush takes. Both together are less than a request waits for Redis: whoever flushes knows first.
const SUSPICIOUS_AFTER_MS = 100;
const PATIENCE_MS = 200;
// What is left stands behind a turn of another instance, or Postgres takes nothing now: neither lasts long.
const PAUSE_MS = 200;

type RescueOptions = Omit<CommitOptions, 'ageMs'>;

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

  constructor(
    private readonly redis: RedisConnection,
    private readonly archive: AcceptedTurnArchive,
    private readonly unflushed: UnflushedTurns,
    private readonly recovery: Recovery,
    private readonly refusals: Refusals,
  ) {
    redis.breaker.onOpened(() => void this.rescueAll());
    recovery.onReturn(() => void this.rescueAll());
    recovery.rescueWith(async (isNewRun) => {
      if (isNewRun) this.unflushed.doubt();
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

  /** Whether it has turns that may not be archived yet. */
  holds(conversationId: string): boolean {
    return this.unflushed.of(conversationId) !== undefined;
  }

  /** Before Postgres is asked, or written to, instead of Redis. @throws ServiceError storage_unavailable when that takes nothing now. */
  async catchUp(conversationId: string): Promise<void> {
    const isDone = await this.rescueOne(conversationId, { skipHeld: false });
    if (!isDone) throw storageUnavailable();
  }

  /** What is left after that, and goes with whatever is written instead: its turn may come in between. */
  accepted(conversationId: string): AcceptedBatch | undefined {
    const accepted = this.unflushed.of(conversationId);
    return accepted && { conversationId, ...accepted };
  }

  /**
   * There is no session, or none to be trusted: where it had turns of ours, Redis has lost others too. Waits for whoever
   * has the row, for that may be our own rescue of them all, and the archive lacks the turns until it is done.
   * @returns false when Postgres takes nothing now.
   */
  async afterMiss(conversationId: string): Promise<boolean> {
    if (!this.holds(conversationId)) return true;
    this.unflushed.doubt();
    const isDone = await this.rescueOne(conversationId, { skipHeld: false });
    void this.rescueAll();
    return isDone;
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

  /** Archives turns that nobody has any more but this instance, behind all that came since. */
  async rescueLate(conversationId: string, lost: AcceptedTurns): Promise<void> {
    await this.rescueOne(conversationId, { skipHeld: true, late: true }, lost);
  }

  /** Conversations with turns that may not be archived yet. */
  get pending(): readonly string[] {
    return this.unflushed.conversationIds;
  }

  /** Its contents are nobody's any more. */
  forget(conversationId: string): void {
    this.unflushed.forget(conversationId);
  }

  /** Everything of which Redis is no longer sure, where there is such a thing. */
  async rescueOnce(): Promise<void> {
    await this.rescue(this.due);
  }

  /** Until Redis is back, and has lost nothing that is not archived: whoever has the turns before ours may be slower. */
  private async rescueAll(): Promise<void> {
    if (this.running) return;
    this.running = true;
    while (!this.stopped && this.due.length > 0) {
      const startedMs = performance.now();
      await this.rescueOnce();
      // Whatever waits behind gaps, Postgres has most of its time for others.
      const pauseMs = Math.max(PAUSE_MS, 3 * (performance.now() - startedMs));
      await delay(pauseMs, undefined, { ref: false });
    }
    this.running = false;
  }

  private get due(): readonly string[] {
    return this.redis.breaker.isOpen ? this.pending : this.unflushed.doubtfulIds;
  }

  /** @returns false when Postgres takes nothing now. */
  private async rescueOne(
    conversationId: string,
    options: RescueOptions,
    accepted = this.unflushed.of(conversationId),
  ): Promise<boolean> {
    if (!accepted) return true;
    try {
      await this.commit(conversationId, accepted, options).catch(async (error: unknown) => {
        if (failureReason(error) !== 'poison') throw error;
        await this.commitEach(conversationId, accepted, options);
      });
      return true;
    } catch (error) {
      this.logger.debug(`a conversation was not rescued (${failureReason(error)})`);
      return false;
    }
  }

  private async commit(
    conversationId: string,
    accepted: AcceptedTurns,
    options: RescueOptions,
  ): Promise<void> {
    const ageMs = performance.now() - accepted.sinceMs;
    const batch = { conversationId, ...accepted };
    const { count, turns } = await this.archive.commit(batch, { ...options, ageMs });
    if (count === ERASED) this.unflushed.forget(conversationId);
    else this.unflushed.settle(conversationId, turns);
    if (turns.length > 0) this.recovery.wroteAround();
  }

  /** What Postgres refuses for what it is becomes a dead letter: this may be the last copy of it. The others do not. */
  private async commitEach(
    conversationId: string,
    accepted: AcceptedTurns,
    options: RescueOptions,
  ): Promise<void> {
    for (const turn of accepted.turns) {
      try {
        await this.commit(conversationId, { ...accepted, turns: [turn] }, options);
      } catch (error) {
        if (failureReason(error) !== 'poison') throw error;
        const batch = { conversationId, ...accepted, createdAt: turn.createdAt };
        await this.refusals.bury(batch, turn, error);
        this.unflushed.settle(conversationId, [turn]);
      }
    }
  }
}
