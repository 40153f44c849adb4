import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { Breaker, BreakerOpen } from '../breaker/breaker.js';
import { Environment } from '../config/environment.js';
import { storageUnavailable } from '../conversation/errors.js';
import { migrate } from './migrate.js';
import { failureKind, sqlstateOf } from './sqlstate.js';

// A row lock that somebody holds must not hold up the other conversations of a batch for long.
const LOCK_TIMEOUT_MS = 2000;

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
      trips: (error) => failureKind(error) === 'unavailable',
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

  /** Runs entity queries. @throws ServiceError storage_unavailable while Postgres is away. */
  read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.guard(() => work(this.dataSource.manager));
  }

  /** Runs statements in one transaction. @throws ServiceError storage_unavailable while Postgres is away. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.guard(async () => {
      const client = await this.pool.connect();
      try {
        await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const result = await work(client);
        await client.query('commit');
        client.release();
        return result;
      } catch (error) {
        await rollBack(client, error);
        throw error;
      }
    });
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.breaker.run(work);
    } catch (error) {
      const away = error instanceof BreakerOpen || failureKind(error) === 'unavailable';
      throw away ? storageUnavailable(error) : error;
    }
  }

  private async probe(): Promise<void> {
    try {
      await this.connect();
      await this.dataSource.query('select 1');
    } catch (error) {
      this.startFailure = error;
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

/** Gives the client back; one whose state is unknown is thrown away instead. */
async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  if (failureKind(error) === 'unavailable') return client.release(true);
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}
