import { Injectable } from '@nestjs/common';
import { In, IsNull, MoreThan } from 'typeorm';
import type {
  NumberedStoredTurn,
  StoredConversation,
  StoredTurn,
} from '../conversation/stored-turn.js';
import { toConversation, toTurn } from './archive.rows.js';
import { ConversationMessage } from './conversation-message.entity.js';
import { ConversationSession } from './conversation-session.entity.js';
import { Database } from './database.js';
import { DeadLetter, turnOfLetter } from './dead-letter.entity.js';

/** Some turns of a conversation: above one place, and not above another. */
export interface TurnRange {
  readonly conversationId: string;
  readonly afterSeq: number;
  readonly upToSeq: number;
}

export interface PagedTurn {
  readonly conversationId: string;
  readonly turn: NumberedStoredTurn;
}

// A page is short for whoever waits behind it, and what one holds in memory.
const MAX_CONVERSATIONS = 100;
const MAX_TURNS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
// An answer may have a megabyte.
const MAX_LETTERS = 10;

/** Reads the archive page by page; between two pages it holds nothing, neither a connection nor a snapshot. */
@Injectable()
export class ArchivePages {
  constructor(private readonly database: Database) {}

  /** The next of an owner's conversations, by their ids: an order that no new turn changes. */
  async conversations(owner: string, afterId: string): Promise<StoredConversation[]> {
    return this.database.read(async (manager) => {
      const rows = await manager.find(ConversationSession, {
        where: { userId: owner, erasedAt: IsNull(), conversationId: MoreThan(afterId) },
        order: { conversationId: 'ASC' },
        take: MAX_CONVERSATIONS,
      });
      return rows.map(toConversation);
    });
  }

  /** One of an owner's conversations; `gone`: erased, or not this owner's; `unknown`: not archived, or not yet. */
  async conversation(
    conversationId: string,
    owner: string | null,
  ): Promise<StoredConversation | 'gone' | 'unknown'> {
    return this.database.read(async (manager) => {
      const row = await manager.findOneBy(ConversationSession, { conversationId });
      if (!row) return 'unknown';
      return row.erasedAt === null && row.userId === owner ? toConversation(row) : 'gone';
    });
  }

  /** The first turns of these ranges, in their order; none when there are no more. */
  async turns(ranges: readonly TurnRange[]): Promise<PagedTurn[]> {
    return this.database.read(async (manager) => {
      // Sizes are known without reading what is stored apart.
      const page = await manager.query<{ id: string }[]>(
        `select id from (
           select m.id, place, m.seq, row_number() over before_it as number,
                  sum(octet_length(m.question) + octet_length(m.answer)) over before_it as bytes
             from unnest($1::text[], $2::bigint[], $3::bigint[]) with ordinality
               as range (conversation_id, after_seq, up_to_seq, place)
            cross join lateral (
              select * from conversation_messages
               where conversation_id = range.conversation_id and seq > after_seq and seq <= up_to_seq
               order by seq limit $4
            ) m
           window before_it as (order by place, m.seq)
            order by place, m.seq limit $4
         ) page
          where number = 1 or bytes <= $5
          order by place, seq`,
        [
          ranges.map(({ conversationId }) => conversationId),
          ranges.map(({ afterSeq }) => afterSeq),
          ranges.map(({ upToSeq }) => upToSeq),
          MAX_TURNS,
          MAX_BYTES,
        ],
      );
      const ids = page.map(({ id }) => id);
      const rows = await manager.findBy(ConversationMessage, { id: In(ids) });
      const byId = new Map(rows.map((row) => [row.id, row]));
      // One that has been erased in between is in no page.
      return ids.flatMap((id) => {
        const row = byId.get(id);
        return row ? { conversationId: row.conversationId, turn: toTurn(row) } : [];
      });
    });
  }

  /** Which of these conversations have dead letters. */
  async withLetters(conversationIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.read((manager) =>
      manager.query<{ id: string }[]>(
        'select distinct conversation_id as id from dead_letters where conversation_id = any($1::text[])',
        [conversationIds],
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** The next dead letters of a conversation, by their ids. */
  async letters(conversationId: string, afterId: string): Promise<StoredTurn[]> {
    return this.database.read(async (manager) => {
      const rows = await manager.find(DeadLetter, {
        where: { conversationId, turnId: MoreThan(afterId) },
        order: { turnId: 'ASC' },
        take: MAX_LETTERS,
      });
      return rows.map(turnOfLetter);
    });
  }
}
