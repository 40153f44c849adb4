import { Injectable, Logger } from '@nestjs/common';
import { AcceptedTurnArchive } from '../persistence/accepted-turns.js';
import { SessionInspector } from '../session/session.inspector.js';
import { Rescue } from './rescue.js';
import { UnflushedTurns } from './unflushed-turns.js';

const IDS_PER_QUESTION = 1000;

/**
 * What this instance still holds of accepted turns once a sweep has been through. It lets go of what others have
 * archived; and what is in neither store, it archives late, also where the turn that was to go before it never came,
 * or another one has its place: out of its place is better than lost.
 */
@Injectable()
export class Leftovers {
  private readonly logger = new Logger(Leftovers.name);
  // Since the last sweep whoever else has the turns before them could have archived those.
  private left: ReadonlySet<string> = new Set();

  constructor(
    private readonly archive: AcceptedTurnArchive,
    private readonly sessions: SessionInspector,
    private readonly unflushed: UnflushedTurns,
    private readonly rescue: Rescue,
  ) {}

  /** To be called after all that Redis has was flushed. @throws RedisUnavailable, ServiceError storage_unavailable. */
  async settle(): Promise<void> {
    await this.letGo();
    for (const id of this.unflushed.conversationIds) await this.archiveLost(id);
    this.left = new Set(this.turnIdsOf(this.unflushed.conversationIds));
  }

  private async letGo(): Promise<void> {
    const ids = this.unflushed.conversationIds;
    for (let first = 0; first < ids.length; first += IDS_PER_QUESTION) {
      const some = ids.slice(first, first + IDS_PER_QUESTION);
      for (const id of await this.archive.erased(some)) this.unflushed.forget(id);
      const kept = await this.archive.kept(this.turnIdsOf(some));
      for (const id of some) {
        const turns = this.unflushed.of(id)?.turns ?? [];
        this.unflushed.settle(
          id,
          turns.filter((turn) => kept.has(turn.id)),
        );
      }
    }
  }

  private turnIdsOf(conversationIds: readonly string[]): string[] {
    return conversationIds.flatMap((id) => this.unflushed.of(id)?.turns ?? []).map(({ id }) => id);
  }

  private async archiveLost(conversationId: string): Promise<void> {
    const held = this.unflushed.of(conversationId)?.turns ?? [];
    const left = held.filter(({ id }) => this.left.has(id));
    if (left.length === 0) return;
    // Its flush goes first, and brings what else Redis has before it.
    const session = await this.sessions.inspect(conversationId);
    const lost = left.filter(({ id }) => !session?.turnIds.includes(id));
    const accepted = this.unflushed.of(conversationId);
    if (lost.length === 0 || !accepted) return;
    this.logger.warn(`${lost.length} turns that Redis has lost are archived out of their places`);
    await this.rescue.rescueLate(conversationId, { ...accepted, turns: lost });
  }
}
