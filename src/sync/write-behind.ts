import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { Backlog } from './backlog.js';
import { FlushQueue } from './flush-queue.js';
import { Recovery } from './recovery.js';

/** What follows a turn: its flush, and what has to be remembered when it went around Redis. */
@Injectable()
export class WriteBehind {
  constructor(
    private readonly environment: Environment,
    private readonly queue: FlushQueue,
    private readonly backlog: Backlog,
    private readonly recovery: Recovery,
    private readonly metrics: Metrics,
  ) {}

  /** Counts only where the backlog does not drain by itself. @throws ServiceError too_many_unsynced. */
  async assertRoom(): Promise<void> {
    if (this.environment.flushAfterEachTurn && this.queue.isHealthy) return;
    await this.backlog.assertRoom();
  }

  /** Redis has a new turn. */
  noteAppended(): void {
    this.backlog.noteAppended();
  }

  /** Postgres gets what is unsynced within milliseconds, or with the sweep. Not beside `committed`: one flush does. */
  flushSoon(conversationId: string): void {
    if (this.environment.flushAfterEachTurn) this.queue.schedule(conversationId);
  }

  /** Resolves with the turn's place once it is committed. @throws ServiceError storage_unavailable. */
  committed(conversationId: string, turnId: string): Promise<number> {
    return this.queue.committed(conversationId, turnId);
  }

  /** Redis is away, and a turn is about to be written without it. */
  beforeAppendAroundRedis(): void {
    this.recovery.owe();
    this.metrics.redisFallback.inc();
  }

  /** Redis may have come back, and been recovered, between the decision and the write. */
  afterAppendAroundRedis(): void {
    this.recovery.wroteAround();
  }
}
