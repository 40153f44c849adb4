import { Injectable } from '@nestjs/common';
import type { KeyOfConversation } from '../conversation/claims.js';
import type { ErasedEverything } from '../conversation/owner-erasure.js';
import type { StoredTurn } from '../conversation/stored-turn.js';
import { ArchiveErasure, type ChooseDue, type Doomed } from '../persistence/archive-erasure.js';
import { RedisUnavailable } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisClaims } from '../session/redis.claims.js';
import { RequestSessions } from '../session/session.lanes.js';
import { Rescue } from './rescue.js';

// As the flush reads them: what only Redis has of one conversation may be hours of an outage.
const MAX_TURNS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
// Some two megabytes; what is more is forgotten in a day.
const MAX_KEYS_LEFT = 10_000;

/** What only Redis had of some conversations. */
interface RemovedSessions {
  sessions: number;
  readonly turnIds: string[];
  readonly keys: KeyOfConversation[];
}

/**
 * Erases conversations in both tiers. In the archive first: from the tombstone on no flush and no restore brings
 * anything back, and whatever of it is still in Redis is taken for erased by whoever meets it.
 * The claims of its keys, which hold digests and ids alone, follow when Redis is back. Not guaranteed where this
 * instance ends before, nor for keys that only that Redis knew: those claims expire within a day of their making.
 */
@Injectable()
export class Eraser {
  // Of what was erased while Redis was away.
  private keysLeft: KeyOfConversation[] = [];

  constructor(
    redis: RedisConnection,
    private readonly archive: ArchiveErasure,
    private readonly sessions: RequestSessions,
    private readonly claims: RedisClaims,
    private readonly rescue: Rescue,
  ) {
    redis.breaker.onClosed(() => void this.forgetLeft());
  }

  /**
   * Leaves out what is not this owner's, or not due, as ArchiveErasure does.
   * @throws ServiceError storage_unavailable: nothing is erased. RedisUnavailable: erased in the archive, and for good;
   * the sessions are removed before Redis is trusted again.
   */
  async erase(
    doomed: readonly Doomed[],
    owner: string | null,
    chooseDue?: ChooseDue,
  ): Promise<ErasedEverything> {
    const archived = await this.archive.erase(doomed, owner, chooseDue);
    const ids = [...archived.conversationIds, ...archived.earlierIds];
    for (const id of ids) this.rescue.forget(id);
    const removed: RemovedSessions = { sessions: 0, turnIds: [], keys: [] };
    try {
      await Promise.all(ids.map((id) => this.removeSession(id, removed)));
      await this.claims.forget([...archived.keys, ...removed.keys]);
    } catch (error) {
      if (error instanceof RedisUnavailable) this.leave([...archived.keys, ...removed.keys]);
      throw error;
    }
    return {
      conversations: archived.conversationIds.length,
      // What was flushed, and not yet acknowledged, was in both.
      turns: new Set([...archived.turnIds, ...removed.turnIds]).size,
      sessions: removed.sessions,
    };
  }

  private leave(keys: readonly KeyOfConversation[]): void {
    this.keysLeft.push(...keys.slice(0, MAX_KEYS_LEFT - this.keysLeft.length));
  }

  private async forgetLeft(): Promise<void> {
    const keys = this.keysLeft;
    this.keysLeft = [];
    await this.claims.forget(keys).catch(() => this.leave(keys));
  }

  private async removeSession(conversationId: string, removed: RemovedSessions): Promise<void> {
    const note = (turns: readonly StoredTurn[]) => {
      for (const { id, idempotency } of turns) {
        removed.turnIds.push(id);
        if (idempotency) removed.keys.push({ conversationId, key: idempotency.key });
      }
    };
    let seen = 0;
    for (;;) {
      const page = await this.sessions.unsynced(conversationId, MAX_TURNS, MAX_BYTES, seen);
      if (!page) break;
      note(page.turns);
      seen = Math.max(seen, page.syncedSeq) + page.turns.length;
      if (seen >= page.lastSeq) break;
    }
    // Together with what has come in since.
    const { existed, turns } = await this.sessions.erase(conversationId, seen);
    note(turns);
    if (existed) removed.sessions++;
  }
}
