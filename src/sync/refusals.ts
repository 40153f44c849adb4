import { Injectable, Logger } from '@nestjs/common';
import type { StoredTurn } from '../conversation/stored-turn.js';
import { Metrics } from '../metrics/metrics.js';
import type { ConversationBatch } from '../persistence/archive.statements.js';
import { DeadLetters } from '../persistence/dead-letters.js';
import { sqlstateOf } from '../persistence/sqlstate.js';

/** Keeps apart what Postgres refuses for what it is, and says so. */
@Injectable()
export class Refusals {
  private readonly logger = new Logger(Refusals.name);

  constructor(
    private readonly letters: DeadLetters,
    private readonly metrics: Metrics,
  ) {}

  async bury(batch: ConversationBatch, turn: StoredTurn, cause: unknown): Promise<void> {
    const sqlstate = sqlstateOf(cause) ?? '';
    await this.letters.bury(batch, turn, sqlstate);
    this.metrics.syncFailures.inc({ reason: 'poison' });
    this.logger.error(`Postgres refuses a turn (SQLSTATE ${sqlstate}); it is a dead letter now`);
  }
}
