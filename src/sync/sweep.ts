import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { hasCode } from '../conversation/errors.js';
import { Metrics } from '../metrics/metrics.js';
import { PARTITIONS } from '../redis/keys.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { failureReason } from './failure-reason.js';
import { Flusher } from './flusher.js';
import { PartitionLease } from './lease.js';
import { Leftovers } from './leftovers.js';
import { Recovery } from './recovery.js';

export interface SweepResult {
  /** Milliseconds since the epoch, when the sweep began. */
  readonly at: number;
  readonly conversations: number;
  readonly turns: number;
  /** Conversations that are still dirty because their flush failed. */
  readonly failed: number;
  /** Turns that Postgres refused in this sweep. */
  readonly deadLetters: number;
  readonly durationMs: number;
}

// 64 partitions at once: their dirty conversations share transactions, and a batch stays below 100 at 0.1 % dirty.
const PARTITIONS_AT_ONCE = 64;
const CONVERSATIONS_PER_PARTITION = 100;
const CONVERSATIONS_PER_FLUSH = 100;

interface Tally {
  conversations: number;
  turns: number;
  failed: number;
  deadLetters: number;
}

/**
 * One pass over all partitions that flushes every dirty session, whoever left it so.
 * Guaranteed: what it acknowledges is committed; two sweeps at once, or one that dies half-way, do no harm.
 * Not guaranteed: that a pass is complete while Postgres fails; what is left stays dirty for the next one.
 */
@Injectable()
export class Sweep {
  private readonly logger = new Logger(Sweep.name);
  private readonly lease: PartitionLease;
  private running: Promise<SweepResult> | undefined;
  private latest: SweepResult | null = null;
  private failing = false;

  constructor(
    redis: RedisConnection,
    private readonly flusher: Flusher,
    private readonly recovery: Recovery,
    private readonly leftovers: Leftovers,
    private readonly metrics: Metrics,
  ) {
    this.lease = new PartitionLease(redis.background, randomUUID());
  }

  /** What the last finished sweep of this instance did. */
  get last(): SweepResult | null {
    return this.latest;
  }

  /** The last sweep did not get through. */
  get isFailing(): boolean {
    return this.failing;
  }

  /** Sweeps now; joins the sweep that is under way, if one is. @throws RedisUnavailable, ServiceError. */
  run(): Promise<SweepResult> {
    this.running ??= this.sweep(Date.now()).finally(() => (this.running = undefined));
    return this.running;
  }

  /** A whole pass that begins now: one that is under way may be past what was left since. */
  async runAfresh(): Promise<SweepResult> {
    await this.running?.catch(() => undefined);
    return this.run();
  }

  private async sweep(at: number): Promise<SweepResult> {
    const startedMs = performance.now();
    const tally: Tally = { conversations: 0, turns: 0, failed: 0, deadLetters: 0 };
    try {
      await this.recovery.recover();
      for (let first = 0; first < PARTITIONS; first += PARTITIONS_AT_ONCE) {
        const partitions = Array.from({ length: PARTITIONS_AT_ONCE }, (_, index) => first + index);
        await this.sweepPartitions(partitions, tally);
      }
      // These are in memory, and wait for the next sweep where Postgres cannot be asked for them.
      await this.leftovers.settle().catch((error: unknown) => {
        if (!hasCode(error, 'storage_unavailable')) throw error;
      });
      this.failing = false;
      return (this.latest = { at, ...tally, durationMs: performance.now() - startedMs });
    } catch (error) {
      this.failing = true;
      this.metrics.syncFailures.inc({ reason: failureReason(error) });
      throw error;
    } finally {
      this.metrics.sweepDuration.observe((performance.now() - startedMs) / 1000);
    }
  }

  private async sweepPartitions(partitions: readonly number[], tally: Tally): Promise<void> {
    const held = new Set<number>();
    const failed = new Set<string>();
    try {
      for (;;) {
        const claims = await Promise.all(
          partitions.map((partition) =>
            this.lease.claim(partition, failed.size + CONVERSATIONS_PER_PARTITION),
          ),
        );
        claims.forEach((ids, index) => ids.length > 0 && held.add(partitions[index]!));
        const dirty = claims.flat().filter((id) => !failed.has(id));
        if (dirty.length === 0) break;
        for (let first = 0; first < dirty.length; first += CONVERSATIONS_PER_FLUSH) {
          await this.flush(dirty.slice(first, first + CONVERSATIONS_PER_FLUSH), tally, failed);
        }
      }
    } finally {
      tally.failed += failed.size;
      await Promise.allSettled([...held].map((partition) => this.lease.release(partition)));
    }
  }

  private async flush(ids: readonly string[], tally: Tally, failed: Set<string>): Promise<void> {
    try {
      const { turns, deadLetters, unfinished, held } = await this.flusher.flush(ids);
      tally.turns += turns;
      tally.deadLetters += deadLetters;
      tally.conversations += ids.length - unfinished.length - held.length;
      for (const id of held) failed.add(id);
    } catch (error) {
      for (const id of ids) failed.add(id);
      this.metrics.syncFailures.inc({ reason: failureReason(error) });
      this.logger.warn(`${ids.length} conversations stay dirty (${failureReason(error)})`);
      // Without Postgres or Redis every other batch would fail the same way.
      if (['storage_unavailable', 'redis'].includes(failureReason(error))) throw error;
    }
  }
}
