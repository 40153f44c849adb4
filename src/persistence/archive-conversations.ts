import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { In } from 'typeorm';
import { conversationNotFound } from '../conversation/errors.js';
import type { ListPlace, ListRequest } from '../conversation/own-conversations.js';
import type { Describe, StoredDescription } from '../conversation/stored-conversations.js';
import type { NumberedStoredTurn, StoredConversation } from '../conversation/stored-turn.js';
import { type ConversationColumns, toConversation, toTurn } from './archive.rows.js';
import { lockConversations } from './archive.statements.js';
import type { TurnRange } from './archive-pages.js';
import { ConversationMessage } from './conversation-message.entity.js';
import { ConversationSession } from './conversation-session.entity.js';
import { Database } from './database.js';
import { addDataKeys } from './keyring.statements.js';

export interface ListedRow {
  readonly conversation: StoredConversation;
  readonly place: ListPlace;
}

// What one reply holds in memory: an answer may have a megabyte.
const MAX_BYTES = 4 * 1024 * 1024;

/** A user's own conversations in the archive. All methods throw ServiceError storage_unavailable. */
@Injectable()
export class ArchiveConversations {
  constructor(private readonly database: Database) {}

  /** The next of an owner's conversations, the newest activity first. @param except conversations to leave out */
  async list(
    owner: string,
    { limit, after, archived }: ListRequest,
    except: readonly string[] = [],
  ): Promise<ListedRow[]> {
    return this.database.read(async (manager) => {
      const query = manager
        .createQueryBuilder(ConversationSession, 's')
        .addSelect(
          `to_char(s.last_activity at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
          'last_activity',
        )
        .where('s.user_id = :owner and s.erased_at is null', { owner })
        .andWhere('s.is_archived = :archived', { archived })
        .orderBy('s.last_activity', 'DESC')
        .addOrderBy('s.conversation_id', 'ASC')
        .limit(limit);
      if (except.length > 0) query.andWhere('s.conversation_id <> all(:except)', { except });
      if (after) {
        // The first condition is the index's, which has all of this order; the second one looks at ties alone.
        query.andWhere('s.last_activity <= cast(:at as timestamptz)', { at: after.lastActivity });
        query.andWhere(
          '(s.last_activity < cast(:at as timestamptz) or s.conversation_id > :afterId)',
          { afterId: after.id },
        );
      }
      const { entities, raw } = await query.getRawAndEntities<{ last_activity: string }>();
      return entities.map((row, index) => ({
        conversation: toConversation(row),
        place: { lastActivity: raw[index]!.last_activity, id: row.conversationId },
      }));
    });
  }

  /** The newest turns of a range, oldest first: all of them, unless they are too large together. */
  async turns({ conversationId, afterSeq, upToSeq }: TurnRange): Promise<NumberedStoredTurn[]> {
    if (upToSeq <= afterSeq) return [];
    return this.database.read(async (manager) => {
      // Sizes are known without reading what is stored apart.
      const page = await manager.query<{ id: string }[]>(
        `select id from (
           select id, seq, sum(octet_length(question) + octet_length(answer)) over (order by seq desc) as bytes
             from conversation_messages
            where conversation_id = $1 and seq > $2 and seq <= $3
         ) sized
          where bytes <= $4 or seq = $3
          order by seq`,
        [conversationId, afterSeq, upToSeq, MAX_BYTES],
      );
      const rows = await manager.findBy(ConversationMessage, { id: In(page.map(({ id }) => id)) });
      return rows.map(toTurn).toSorted((one, other) => one.seq - other.seq);
    });
  }

  /**
   * Replaces what its owner says of a conversation, under its lock: nobody else does meanwhile.
   * @returns false: it is not archived, or not yet. @throws ServiceError conversation_not_found, and what `describe` does.
   */
  async describe(
    conversationId: string,
    owner: string | null,
    describe: Describe,
  ): Promise<boolean> {
    return this.database.transaction(async (client) => {
      const [locked] = await lockConversations(client, [conversationId]);
      if (!locked) return false;
      if (locked.erased || locked.user_id !== owner) throw conversationNotFound();
      const described = describe(await readLocked(client, conversationId));
      await addDataKeys(client, [locked], [{ conversationId, keyring: described.keyring }]);
      await updateDescription(client, conversationId, described);
      return true;
    });
  }
}

async function readLocked(client: PoolClient, conversationId: string): Promise<StoredConversation> {
  const { rows } = await client.query<ConversationColumns>(
    `select conversation_id as "conversationId", user_id as "userId", title, metadata,
            created_at as "createdAt", last_activity as "lastActivity", is_archived as "isArchived",
            turn_count as "turnCount", data_key as "dataKey", key_id as "keyId"
       from conversation_sessions where conversation_id = $1`,
    [conversationId],
  );
  return toConversation(rows[0]!);
}

async function updateDescription(
  client: PoolClient,
  conversationId: string,
  { title, metadata, keyId, isArchived }: StoredDescription,
): Promise<void> {
  await client.query(
    `update conversation_sessions
        set title = $2, metadata = $3::jsonb, key_id = $4, is_archived = $5,
            archived_at = case when $5 then coalesce(archived_at, now()) end
      where conversation_id = $1`,
    [conversationId, title, metadata, keyId, isArchived],
  );
}
