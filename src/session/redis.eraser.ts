import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ErasedEverything } from '../conversation/owner-erasure.js';
import { ArchiveErasure, type Doomed } from '../persistence/archive-erasure.js';
import { RedisClaims } from './redis.claims.js';
import { RequestSessions } from './session.lanes.js';

/** Erases conversations from Redis, and from the archive where there is one: first there, as an end may be on its way. */
@Injectable()
export class RedisEraser {
  constructor(
    private readonly sessions: RequestSessions,
    private readonly claims: RedisClaims,
    @Optional() @Inject(ArchiveErasure) private readonly archive: ArchiveErasure | null,
  ) {}

  /** @throws RedisUnavailable, ServiceError storage_unavailable. */
  async erase(doomed: readonly Doomed[], owner: string | null): Promise<ErasedEverything> {
    const archived = await this.archive?.erase(doomed, owner);
    const ids = archived
      ? [...archived.conversationIds, ...archived.earlierIds]
      : doomed.map(({ conversationId }) => conversationId);
    const removed = await Promise.all(
      ids.map(async (conversationId) => ({
        conversationId,
        ...(await this.sessions.erase(conversationId, 0)),
      })),
    );
    const keys = removed.flatMap(({ conversationId, turns }) =>
      turns.flatMap(({ idempotency }) =>
        idempotency ? { conversationId, key: idempotency.key } : [],
      ),
    );
    await this.claims.forget([...(archived?.keys ?? []), ...keys]);
    const sessions = removed.filter(({ existed }) => existed).length;
    const turnIds = removed.flatMap(({ turns }) => turns.map(({ id }) => id));
    return {
      conversations: archived ? archived.conversationIds.length : sessions,
      turns: new Set([...(archived?.turnIds ?? []), ...turnIds]).size,
      sessions,
    };
  }
}
