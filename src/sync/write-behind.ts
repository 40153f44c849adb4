import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import type { StoredAppend } from '../conversation/stored-history.js';
import type { AppendedTurn } from '../session/session.js';
import { Backlog } from './backlog.js';
import type { AcceptedBatch } from '../persistence/accepted.statements.js';
import { failureReason } from './failure-reason.js';
import { FlushQueue } from './flush-queue.js';
import { Recovery } from './recovery.js';
import { Rescue } from './rescue.js';

/** @param accepted what this instance had accepted of the conversation, when it is asked for; goes first */
type WriteAround<T> = (accepted: () => AcceptedBatch | undefined) => Promise<T>;

/** What follows a turn: its flush, and what has to be remembered when it went around Redis. */
@Injectable()
export class WriteBehind {
  constructor(
    private readonly environment: Environment,
    private readonly queue: FlushQueue,
    private readonly backlog: Backlog,
    private readonly recovery: Recovery,
    private readonly rescue: Rescue,
  ) {}

  /** Counts only where the backlog does not drain by itself. @throws ServiceError too_many_unsynced. */
  async assertRoom(): Promise<void> {
    if (this.environment.flushAfterEachTurn && this.queue.isHealthy) return;
    await this.backlog.assertRoom();
  }

  /** Redis has a new turn. */
  noteAppended(request: StoredAppend, appended: AppendedTurn): void {
    this.rescue.note(request, appended);
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

  /** Redis is away: what this instance had accepted of the conversation is archived before the archive is asked. */
  async catchUp(conversationId: string): Promise<void> {
    await this.rescue.catchUp(conversationId);
  }

  /** Whether this instance has accepted turns of the conversation that may not be archived yet. */
  holds(conversationId: string): boolean {
    return this.rescue.holds(conversationId);
  }

  /**
   * Redis has no session, or none to be trusted: perhaps it has lost what this instance had accepted.
   * @returns false when Postgres does not take that now.
   */
  async afterMiss(conversationId: string): Promise<boolean> {
    return this.rescue.afterMiss(conversationId);
  }

  /** Redis is away, and a turn is written without it; it may come back, and be recovered, before that is done. */
  async aroundRedis<T>(conversationId: string, write: WriteAround<T>): Promise<T> {
    const around = async () => {
      await this.rescue.catchUp(conversationId);
      return this.recovery.around(() => write(() => this.rescue.accepted(conversationId)));
    };
    return around().catch((error: unknown) => {
      if (failureReason(error) !== 'poison') throw error;
      // One that went first may be what is refused: as the rescue comes to it alone, it becomes a dead letter.
      return around();
    });
  }
}
