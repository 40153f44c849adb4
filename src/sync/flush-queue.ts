import { Injectable, Logger } from '@nestjs/common';
import { LATE, within } from '../breaker/within.js';
import { ServiceError, storageUnavailable } from '../conversation/errors.js';
import { Metrics } from '../metrics/metrics.js';
import { Archive } from '../persistence/archive.js';
import { Database } from '../persistence/database.js';
import { failureKind, sqlstateOf } from '../persistence/sqlstate.js';
import { RedisUnavailable } from '../redis/lane.js';
import { failureReason } from './failure-reason.js';
import { Flusher } from './flusher.js';
import { Rescue } from './rescue.js';

// Two batches at a time: one commits while the next is read, and eight connections stay for requests.
const PARALLEL_FLUSHES = 2;
const MAX_CONVERSATIONS = 100;
// Longer than a healthy Postgres ever takes; the caller may retry with the same key.
const COMMIT_DEADLINE_MS = 5000;
// After a failure that only an operator can mend, one batch in five seconds shows whether it was; and what Postgres
// did not take otherwise need not wait for the sweep either.
const PAUSE_MS = 5000;

interface Waiter {
  readonly turnId: string;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Flushes conversations soon after their turns, many in one transaction: what comes in while a batch is
 * under way goes into the next one. A failed batch is left to the sweep, whose mark every turn bears.
 */
@Injectable()
export class FlushQueue {
  private readonly logger = new Logger(FlushQueue.name);
  private pausedUntilMs = 0;
  private retry: NodeJS.Timeout | undefined;
  private queued = new Map<string, Waiter[]>();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly flusher: Flusher,
    private readonly archive: Archive,
    private readonly database: Database,
    private readonly rescue: Rescue,
    private readonly metrics: Metrics,
  ) {
    // Before the sweep comes to them: with these, callers are talking right now.
    database.breaker.onClosed(() => this.schedulePending());
  }

  /** Whether what is scheduled gets through, as far as the last flush can tell. */
  get isHealthy(): boolean {
    // A Postgres that is read-only or full is there, and is tried again with each turn, but takes nothing.
    return this.mayTry && !this.flusher.isRefused;
  }

  schedule(conversationId: string): void {
    // The sweep finds it: the one that follows when Postgres is back, or the next.
    if (this.mayTry) this.enqueue(conversationId, []);
  }

  /**
   * Resolves with the turn's place once Postgres has committed it.
   * @throws ServiceError storage_unavailable when that fails or takes too long; the turn stays accepted.
   */
  async committed(conversationId: string, turnId: string): Promise<number> {
    const committed = new Promise<number>((resolve, reject) => {
      this.enqueue(conversationId, [{ turnId, resolve, reject }]);
    });
    const seq = await within(COMMIT_DEADLINE_MS, committed);
    if (seq === LATE) throw storageUnavailable();
    return seq;
  }

  /** Resolves when everything that was scheduled has been tried, without Redis too where that is away. */
  async drain(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    await this.rescue.rescueOnce();
  }

  private get mayTry(): boolean {
    return !this.database.breaker.isOpen && performance.now() >= this.pausedUntilMs;
  }

  private enqueue(conversationId: string, waiters: readonly Waiter[]): void {
    this.queued.set(conversationId, [...(this.queued.get(conversationId) ?? []), ...waiters]);
    if (this.running.size >= PARALLEL_FLUSHES) return;
    const run: Promise<void> = this.work().finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async work(): Promise<void> {
    while (this.queued.size > 0) {
      const entries = [...this.queued].slice(0, MAX_CONVERSATIONS);
      for (const [conversationId] of entries) this.queued.delete(conversationId);
      await this.flushBatch(new Map(entries));
    }
  }

  private async flushBatch(batch: ReadonlyMap<string, Waiter[]>): Promise<void> {
    try {
      const { numbers, unfinished, held } = await this.rescue.watched(() =>
        this.flusher.flush([...batch.keys()]),
      );
      for (const [conversationId, waiters] of batch) {
        const left = settle(waiters, numbers);
        if (held.includes(conversationId)) {
          for (const waiter of left) waiter.reject(storageUnavailable());
        } else if (left.length > 0 && !unfinished.includes(conversationId)) {
          // Another instance has flushed it meanwhile, so its number is in the archive alone.
          await this.lookUp(left);
        } else if (unfinished.includes(conversationId)) {
          this.enqueue(conversationId, left);
        }
      }
    } catch (error) {
      this.metrics.syncFailures.inc({ reason: failureReason(error) });
      this.report(error);
      if (failureKind(error) === 'environment') this.pausedUntilMs = performance.now() + PAUSE_MS;
      if (error instanceof RedisUnavailable) return this.flushAroundRedis(batch);
      this.retryLater();
      const reason = error instanceof ServiceError ? error : storageUnavailable(error);
      for (const waiter of [...batch.values()].flat()) waiter.reject(reason);
    }
  }

  private async flushAroundRedis(batch: ReadonlyMap<string, Waiter[]>): Promise<void> {
    await this.rescue.rescue([...batch.keys()]);
    const waiters = [...batch.values()].flat();
    if (waiters.length === 0) return;
    await this.lookUp(waiters).catch((error: unknown) => {
      for (const waiter of waiters) waiter.reject(storageUnavailable(error));
    });
  }

  private retryLater(): void {
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.pausedUntilMs = 0;
      this.schedulePending();
    }, PAUSE_MS).unref();
  }

  private schedulePending(): void {
    for (const id of this.rescue.pending) this.schedule(id);
  }

  private report(error: unknown): void {
    const what = `a flush failed (${failureReason(error)}, SQLSTATE ${sqlstateOf(error) ?? 'none'})`;
    if (failureKind(error) === 'environment') {
      this.logger.error(`${what}: rights or schema in Postgres have to be mended; all turns wait`);
    } else {
      this.logger.warn(`${what}; the sweep will repeat it`);
    }
  }

  private async lookUp(waiters: readonly Waiter[]): Promise<void> {
    const numbers = await this.archive.numbersOf(waiters.map((waiter) => waiter.turnId));
    for (const waiter of settle(waiters, numbers)) {
      waiter.reject(storageUnavailable(new Error('the turn is not in the archive')));
    }
  }
}

/** Resolves whoever has a number now. @returns the others. */
function settle(waiters: readonly Waiter[], numbers: ReadonlyMap<string, number>): Waiter[] {
  return waiters.filter(({ turnId, resolve }) => {
    const seq = numbers.get(turnId);
    if (seq !== undefined) resolve(seq);
    return seq === undefined;
  });
}
