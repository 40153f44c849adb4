import { Inject, Injectable, Optional } from '@nestjs/common';
import { LATE, within } from '../breaker/within.js';
import { Census, type HotTierCount } from '../session/census.js';
import { Sweep } from '../sync/sweep.js';
import type { SessionHealth } from './session-health.dto.js';
import { Stores } from './stores.js';

const NOTHING: HotTierCount = {
  activeSessions: 0,
  dirtyConversations: 0,
  unsyncedTurns: 0,
  oldestUnsyncedSeconds: 0,
};
// Health answers within a second whatever is broken: a count that takes longer is not waited for.
const COUNTED_WITHIN_MS = 850;

/** The hot tier and the sync in figures. Counts are zero while Redis cannot be asked. */
@Injectable()
export class SessionReport {
  constructor(
    private readonly stores: Stores,
    @Optional() @Inject(Census) private readonly census: Census | null,
    @Optional() @Inject(Sweep) private readonly sweep: Sweep | null,
  ) {}

  async read(): Promise<SessionHealth> {
    const deadlineMs = performance.now() + COUNTED_WITHIN_MS;
    await this.stores.look();
    const count = await this.count(deadlineMs - performance.now());
    const last = this.sweep?.last ?? null;
    return {
      status: this.stores.isComplete ? 'healthy' : 'degraded',
      redis_healthy: this.stores.redis !== 'away',
      database_healthy: this.stores.database !== 'away',
      active_sessions: count.activeSessions,
      dirty_conversations: count.dirtyConversations,
      oldest_unsynced_seconds: count.oldestUnsyncedSeconds,
      last_sweep: last && {
        at: new Date(last.at).toISOString(),
        conversations: last.conversations,
        turns: last.turns,
        failed: last.failed,
      },
    };
  }

  private async count(patienceMs: number): Promise<HotTierCount> {
    if (!this.census || this.stores.redis !== 'up') return NOTHING;
    const count = await within(
      patienceMs,
      this.census.count().catch(() => NOTHING),
    );
    return count === LATE ? NOTHING : count;
  }
}
