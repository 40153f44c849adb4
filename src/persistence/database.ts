import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { Breaker, BreakerOpen } from '../breaker/breaker.js';
import { Environment } from '../config/environment.js';
import { ServiceError, storageUnavailable } from '../conversation/errors.js';
import { migrate } from './migrate.js';
import { failureKind, sqlstateOf } from './sqlstate.js';
import { inTransaction } from './transaction.js';

const PROBE_TIMEOUT_MS = 1000;
const CONNECTED_WITHIN_MS = 3000;

/**
 * The connection to Postgres behind a breaker. While Postgres is away, calls fail at once with
 * `storage_unavailable` and a probe looks for it in the background; the service starts without it.
 * Guaranteed: a failed transaction leaves nothing behind, unless the reply of its COMMIT was lost.
 */
@Injectable()
export class Database implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly breaker: Breaker;
  private readonly logger = new Logger(Database.name);
  private migrated: boolean;
  private startFailure: unknown;

  constructor(
    private readonly dataSource: DataSource,
    private readonly environment: Environment,
  ) {
    this.migrated = !environment.migrateOnStart;
    this.breaker = new Breaker({
      name: 'Postgres',
      trips: (error) => failureKind(error) === 'unavailable' && !this.isPoolBusy(error),
      probe: () => this.probe(),
      onChange: (open, cause) => this.reportChange(open, cause),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.breaker.probe();
    // Away is a fault that passes; a wrong password or a missing database is one that somebody has to mend.
    if (this.breaker.isOpen && failureKind(this.startFailure) === 'environment') {
      throw this.startFailure;
    }
    if (this.breaker.isOpen) this.logger.warn('Postgres is away: starting without it');
  }

  async onApplicationShutdown(): Promise<void> {
    this.breaker.stop();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** Looks whether Postgres answers, and opens the breaker if not. */
  async suspect(patienceMs: number): Promise<void> {
    // Open, it may be that there has not even been a pool yet.
    if (this.breaker.isOpen) return;
    const { idleCount } = this.pool;
    // With all connections at work there is none to ask with; their own timeouts tell.
    if (this.isPoolFull && idleCount === 0) return;
    if (idleCount > 0) return this.breaker.suspect(() => this.ping(), patienceMs);
    // After some quiet there is none either, and a new one to a far server takes longer than anybody waits here.
    void this.breaker.suspect(() => this.ping(), CONNECTED_WITHIN_MS);
  }

  /** Runs entity queries. @throws ServiceError storage_unavailable, and what is wrong with the data itself. */
  read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.guard(async () => {
      const runner = this.dataSource.createQueryRunner();
      try {
        const result = await work(runner.manager);
        await runner.release();
        return result;
      } catch (error) {
        await discard(runner, error);
        throw error;
      }
    });
  }

  /**
   * Runs statements in one transaction.
   * @param settings of the transaction, as SQL @throws ServiceError storage_unavailable, and what is wrong with the data.
   */
  transaction<T>(work: (client: PoolClient) => Promise<T>, settings = ''): Promise<T> {
    return this.guard(() => inTransaction(this.pool, work, settings));
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  private get isPoolFull(): boolean {
    const { totalCount, options } = this.pool;
    return totalCount >= (options.max ?? 0);
  }

  /** All our connections wait for a lock, say: that tells nothing about the server. */
  private isPoolBusy(error: unknown): boolean {
    return this.isPoolFull && /trying to connect/.test(String(error));
  }

  /** Whatever the reason, a caller can only try again later; a retry of ours finds the reason in `cause`. */
  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.breaker.run(work);
    } catch (error) {
      const kind = failureKind(error);
      const passes = error instanceof BreakerOpen || (kind !== null && kind !== 'poison');
      throw passes && !(error instanceof ServiceError) ? storageUnavailable(error) : error;
    }
  }

  private async probe(): Promise<void> {
    try {
      await this.connect();
      await this.pingAll();
    } catch (error) {
      this.startFailure = error;
      throw error;
    }
  }

  /** All idle connections at once: a router forgets them together, and one by one they would cost a second each. */
  private async pingAll(): Promise<void> {
    const pings = Array.from({ length: Math.max(1, this.pool.idleCount) }, () => this.ping());
    const results = await Promise.allSettled(pings);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** A connection that does not answer is thrown away, or the next probe would be given the very same one. */
  private async ping(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query({ text: 'select 1', query_timeout: PROBE_TIMEOUT_MS } as QueryConfig);
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  private async connect(): Promise<void> {
    if (!this.migrated) {
      const count = await migrate(this.environment.databaseMigrationUrl);
      if (count > 0) this.logger.log(`${count} migrations applied`);
      this.migrated = true;
    }
    if (this.dataSource.isInitialized) return;
    await this.dataSource.initialize();
  }

  private reportChange(open: boolean, cause: unknown): void {
    if (!open) return this.logger.log('Postgres is in use');
    this.logger.warn(`Postgres is away (${sqlstateOf(cause) ?? 'no answer'})`);
  }
}

/** TypeORM would give the connection back as if nothing had happened. */
async function discard(runner: QueryRunner, error: unknown): Promise<void> {
  if (failureKind(error) !== 'unavailable') return runner.release();
  // What its own listener for broken connections calls.
  const pooled = runner as unknown as { releasePostgresConnection(error: Error): Promise<void> };
  await pooled.releasePostgresConnection(error as Error);
}
