import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { PARTITIONS } from '../redis/keys.js';
import { SessionInspector } from './session.inspector.js';

export interface HotTierCount {
  /** Sessions that have not expired, exactly; what the server evicted counts until its TTL. */
  readonly activeSessions: number;
  readonly dirtyConversations: number;
  readonly unsyncedTurns: number;
  /** How long the oldest of them has been waiting. */
  readonly oldestUnsyncedSeconds: number;
}

// 1,024 small scripts take some 15 ms: once in two seconds, and not for each request that asks.
const FRESH_MS = 2000;
const PARALLEL_SCRIPTS = 128;

/** Counts the hot tier over all partitions, without looking at the keys of a single session. */
@Injectable()
export class Census {
  private latest: HotTierCount | undefined;
  private countedAtMs = -Infinity;
  private counting: Promise<HotTierCount> | undefined;

  constructor(
    private readonly sessions: SessionInspector,
    private readonly metrics: Metrics,
  ) {
    metrics.collectBefore(() => this.count());
  }

  /** A count that is at most two seconds old; the same object until there is a newer one. @throws RedisUnavailable. */
  async count(): Promise<HotTierCount> {
    if (this.latest && performance.now() - this.countedAtMs < FRESH_MS) return this.latest;
    this.counting ??= this.countAll().finally(() => (this.counting = undefined));
    return this.counting;
  }

  private async countAll(): Promise<HotTierCount> {
    const startedMs = performance.now();
    const total = { activeSessions: 0, dirtyConversations: 0, unsyncedTurns: 0, oldestDirtyMs: 0 };
    for (let first = 0; first < PARTITIONS; first += PARALLEL_SCRIPTS) {
      const partitions = Array.from({ length: PARALLEL_SCRIPTS }, (_, index) => first + index);
      for (const each of await Promise.all(partitions.map((p) => this.sessions.count(p)))) {
        total.activeSessions += each.activeSessions;
        total.dirtyConversations += each.dirtyConversations;
        total.unsyncedTurns += each.unsyncedTurns;
        total.oldestDirtyMs = Math.max(total.oldestDirtyMs, each.oldestDirtyMs);
      }
    }
    const { oldestDirtyMs, ...counts } = total;
    const count = { ...counts, oldestUnsyncedSeconds: oldestDirtyMs / 1000 };
    this.countedAtMs = startedMs;
    this.metrics.activeSessions.set(count.activeSessions);
    this.metrics.dirtyConversations.set(count.dirtyConversations);
    this.metrics.unsyncedTurns.set(count.unsyncedTurns);
    this.metrics.syncLag.set(count.oldestUnsyncedSeconds);
    this.latest = count;
    return count;
  }
}
