import { Inject, Injectable, Optional } from '@nestjs/common';
import { Environment, type HistoryMode } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { Database } from '../persistence/database.js';
import { RedisConnection } from '../redis/redis.connection.js';

export type StoreState = 'up' | 'away' | 'unused';

/** Without one of these no turn can be kept; hybrid can do with either. */
const NEEDS: Readonly<Record<HistoryMode, (redis: StoreState, database: StoreState) => boolean>> = {
  hybrid: (redis, database) => redis === 'up' || database === 'up',
  redis: (redis) => redis === 'up',
  database: (_, database) => database === 'up',
  client: () => true,
};

// Health answers within a second, and counts after this.
const PATIENCE_MS = 300;

/** What is known of both stores: by their breakers, which notice a silent one only when it is asked. */
@Injectable()
export class Stores {
  constructor(
    private readonly environment: Environment,
    @Optional() @Inject(RedisConnection) private readonly connection: RedisConnection | null,
    @Optional() @Inject(Database) private readonly archive: Database | null,
    metrics: Metrics,
  ) {
    metrics.collectBefore(async () => {
      const states = { redis: this.redis, postgres: this.database };
      for (const [store, state] of Object.entries(states)) {
        if (state !== 'unused') metrics.storeAway.set({ store }, state === 'away' ? 1 : 0);
      }
    });
  }

  /** Asks both, so that one that died in its sleep is named. */
  async look(): Promise<void> {
    await Promise.all([this.connection?.suspect(PATIENCE_MS), this.archive?.suspect(PATIENCE_MS)]);
  }

  get redis(): StoreState {
    return stateOf(this.connection);
  }

  /** What `accepted` cannot promise with this Redis; null: all well. */
  get redisRisk(): string | null {
    return this.connection?.risk ?? null;
  }

  get database(): StoreState {
    return stateOf(this.archive);
  }

  get canKeepTurns(): boolean {
    return NEEDS[this.environment.historyMode](this.redis, this.database);
  }

  get isComplete(): boolean {
    return this.redis !== 'away' && this.database !== 'away';
  }
}

function stateOf(store: { breaker: { isOpen: boolean } } | null): StoreState {
  if (!store) return 'unused';
  return store.breaker.isOpen ? 'away' : 'up';
}
