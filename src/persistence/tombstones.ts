import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Environment } from '../config/environment.js';
import { Database } from './database.js';

// What turns up later than that from some instance's memory, or from an old file of Redis, has outlived anything.
const REMEMBERED_DAYS = 30;
// A second's work at most.
const BATCH = 10_000;

/** Sweeps away what only says that something was erased, once nothing of it can come back any more. */
@Injectable()
export class Tombstones {
  private readonly logger = new Logger(Tombstones.name);

  constructor(
    private readonly database: Database,
    private readonly environment: Environment,
  ) {}

  /** Whatever is left of a batch is the next hour's. */
  @Cron(CronExpression.EVERY_HOUR, { waitForCompletion: true })
  async sweepAway(): Promise<void> {
    if (this.database.breaker.isOpen) return;
    // Until a recovery has cleared its mark, Redis may have the session. Without write-behind nobody ever clears one.
    const keepMarked = this.environment.historyMode === 'hybrid';
    await this.database
      .read(async (manager) => {
        await manager.query(
          `delete from conversation_sessions
            where id in (select id from conversation_sessions
                          where erased_at < now() - $1 * interval '1 day'
                            and (hot_stale is null or not $2)
                          limit $3 for update skip locked)`,
          [REMEMBERED_DAYS, keepMarked, BATCH],
        );
        await manager.query(
          `delete from owner_erasures
            where owner in (select owner from owner_erasures
                             where at < now() - $1 * interval '1 day'
                             limit $2 for update skip locked)`,
          [REMEMBERED_DAYS, BATCH],
        );
      })
      .catch(() =>
        this.logger.warn('old tombstones could not be swept away; the next hour tries again'),
      );
  }
}
