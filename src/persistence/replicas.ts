import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { PoolClient } from 'pg';
import { BreakerOpen } from '../breaker/breaker.js';
import { Environment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { Database } from './database.js';
import { Replica } from './replica.js';
import { failureKind, sqlstateOf } from './sqlstate.js';

// A conflict with what it replays; a table or column that it has not replayed yet.
const BEHIND = ['40', '42P01', '42703'];

/**
 * The read replicas of DATABASE_REPLICA_URLS, in turn, for what may be some moments old. One that cannot answer is passed
 * over; where none can, or none is named, Postgres itself is asked.
 */
@Injectable()
export class Replicas implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly replicas: readonly Replica[];
  private turn = 0;

  constructor(
    { databaseReplicaUrls }: Environment,
    private readonly database: Database,
    metrics: Metrics,
  ) {
    this.replicas = databaseReplicaUrls.map(
      (url, index) => new Replica(url, `replica ${index + 1}`),
    );
    if (this.replicas.length === 0) return;
    metrics.collectBefore(async () => {
      const isAway = this.replicas.some(({ breaker }) => breaker.isOpen);
      metrics.storeAway.set({ store: 'replica' }, isAway ? 1 : 0);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.replicas.map(({ breaker }) => breaker.probe()));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.close()));
  }

  /**
   * Runs statements that only read, in one transaction; again elsewhere where they cannot be answered.
   * @param settings of the transaction, as SQL. @throws ServiceError storage_unavailable.
   */
  async transaction<T>(work: (client: PoolClient) => Promise<T>, settings = ''): Promise<T> {
    const first = this.turn++;
    for (let index = 0; index < this.replicas.length; index++) {
      const replica = this.replicas[(first + index) % this.replicas.length]!;
      try {
        return await replica.transaction(work, settings);
      } catch (error) {
        if (!isOfReplica(error)) throw error;
      }
    }
    return this.database.transaction(work, settings);
  }
}

function isOfReplica(error: unknown): boolean {
  if (error instanceof BreakerOpen || failureKind(error) === 'unavailable') return true;
  const sqlstate = sqlstateOf(error);
  return BEHIND.some((prefix) => sqlstate?.startsWith(prefix));
}
