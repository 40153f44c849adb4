import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan, Not } from 'typeorm';
import { ConversationSession } from './conversation-session.entity.js';
import { Database } from './database.js';

/** A conversation whose session in Redis is not what the archive has. */
export interface HotStale {
  readonly conversationId: string;
  /** The turn, or the erasure, that the session lacks. */
  readonly mark: string;
  readonly erased: boolean;
}

/** The marks of conversations whose session in Redis has to be brought in step. They are set with what it lacks. */
@Injectable()
export class HotStaleMarks {
  constructor(private readonly database: Database) {}

  /**
   * Conversations that were written around Redis, or erased, each with the mark to clear, in the order of their ids.
   * @param afterId only those behind this one
   */
  async list(maxConversations: number, afterId = ''): Promise<HotStale[]> {
    const rows = await this.database.read((manager) =>
      manager.find(ConversationSession, {
        select: { conversationId: true, hotStale: true, erasedAt: true },
        where: { hotStale: Not(IsNull()), conversationId: MoreThan(afterId) },
        order: { conversationId: 'ASC' },
        take: maxConversations,
      }),
    );
    return rows.map(({ conversationId, hotStale, erasedAt }) => ({
      conversationId,
      mark: hotStale!,
      erased: erasedAt !== null,
    }));
  }

  /**
   * Clears each mark unless another turn of that conversation was written around Redis since.
   * @returns how many were cleared; what somebody else holds right now is left for the next time.
   */
  async clear(marked: readonly Omit<HotStale, 'erased'>[]): Promise<number> {
    const [, cleared] = await this.database.read((manager) =>
      manager.query<[unknown[], number]>(
        `with free as (
           select conversation_id
             from conversation_sessions s
             join unnest($1::text[], $2::uuid[]) as marked (conversation_id, mark) using (conversation_id)
            where s.hot_stale = marked.mark
              for update of s skip locked
         )
         update conversation_sessions s set hot_stale = null from free
          where s.conversation_id = free.conversation_id`,
        [marked.map(({ conversationId }) => conversationId), marked.map(({ mark }) => mark)],
      ),
    );
    return cleared;
  }

  /** Marks again what was erased in these last seconds: Redis may have it back from an older file. */
  async markErased(lastSeconds: number): Promise<void> {
    await this.database.read((manager) =>
      manager.query(
        `update conversation_sessions set hot_stale = gen_random_uuid()
          where erased_at > now() - $1 * interval '1 s' and hot_stale is null`,
        [lastSeconds],
      ),
    );
  }
}
