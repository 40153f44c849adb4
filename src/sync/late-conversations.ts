import { Injectable } from '@nestjs/common';
import { RedisUnavailable } from '../redis/lane.js';
import { RequestSessions } from '../session/session.lanes.js';
import { LateFlushes } from './late-flushes.js';
import { OwnerFlush } from './owner-flush.js';
import { Rescue } from './rescue.js';
import { UnflushedTurns } from './unflushed-turns.js';

/**
 * Brings what of an owner is not archived yet into the archive, so that it can be listed and searched there. What this
 * very instance has accepted is always known; for what others have, all that is dirty is looked through, which takes
 * 15 ms, and so only where flushes are late.
 */
@Injectable()
export class LateConversations {
  constructor(
    private readonly unflushed: UnflushedTurns,
    private readonly late: LateFlushes,
    private readonly ofOwner: OwnerFlush,
    private readonly sessions: RequestSessions,
    private readonly rescue: Rescue,
  ) {}

  /** @returns the conversations of which this instance or Redis has turns that Postgres does not take now. */
  async settle(owner: string): Promise<string[]> {
    const own = this.unflushed.conversationIds.filter(
      (id) => this.unflushed.of(id)?.owner === owner,
    );
    try {
      const late = (await this.late.areThere()) ? await this.ofOwner.dirty(owner) : [];
      const ids = [...new Set([...own, ...late])];
      await this.ofOwner.flush(ids);
      const left = await Promise.all(ids.map((id) => this.isLeft(id)));
      return ids.filter((_, index) => left[index]);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      await this.rescue.rescue(own);
      return [];
    }
  }

  /** After its flush: what is in no session by now, Redis has lost, or somebody else has archived. */
  private async isLeft(conversationId: string): Promise<boolean> {
    const session = await this.sessions.unsynced(conversationId, 0, 0);
    if (session && session.lastSeq > session.syncedSeq) return true;
    if (session) await this.rescue.rescue([conversationId]);
    else await this.rescue.afterMiss(conversationId);
    return this.rescue.holds(conversationId);
  }
}
