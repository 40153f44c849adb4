import { Logger } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { Breaker } from '../breaker/breaker.js';
import { newPool } from './pool.js';
import { failureKind, sqlstateOf } from './sqlstate.js';
import { inTransaction } from './transaction.js';

// Figures are counted one at a time; some more for whoever reads beside them.
const MOST_CONNECTIONS = 4;
const PROBE_INTERVAL_MS = 2000;

/** One copy of Postgres, behind a breaker of its own. */
export class Replica {
  readonly breaker: Breaker;
  private readonly logger = new Logger(Replica.name);
  private readonly pool: Pool;

  /** @param name for the log: an address holds a password */
  constructor(url: string, name: string) {
    this.pool = newPool(url, MOST_CONNECTIONS);
    this.breaker = new Breaker({
      name,
      trips: (error) => failureKind(error) === 'unavailable',
      probe: async () => void (await this.pool.query('select 1')),
      probeIntervalMs: PROBE_INTERVAL_MS,
      onChange: (open, cause) => {
        if (open) this.logger.warn(`${name} is away (${sqlstateOf(cause) ?? 'no answer'})`);
        else this.logger.log(`${name} is in use`);
      },
    });
  }

  transaction<T>(work: (client: PoolClient) => Promise<T>, settings: string): Promise<T> {
    return this.breaker.run(() => inTransaction(this.pool, work, settings));
  }

  async close(): Promise<void> {
    this.breaker.stop();
    await this.pool.end();
  }
}
