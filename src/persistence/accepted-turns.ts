import { Injectable } from '@nestjs/common';
import { type AcceptedBatch, type ArchivedSoFar, insertAccepted } from './accepted.statements.js';
import { insertConversations, lockConversations } from './archive.statements.js';
import { addDataKeys } from './keyring.statements.js';
import { Database } from './database.js';
import { hasErasedSince } from './owner-erasures.js';

/** An erased conversation takes nothing any more. */
export const ERASED = Number.POSITIVE_INFINITY;

export interface CommitOptions {
  /** Not where somebody else holds its row; else waits for it. */
  readonly skipHeld: boolean;
  /** How long ago the first of the turns was accepted. */
  readonly ageMs: number;
  /** Behind a gap too: whatever was to fill it is gone. */
  readonly late?: boolean;
}

/** Stores turns that Redis has accepted without asking Redis, and never out of the order that it gave them. */
@Injectable()
export class AcceptedTurnArchive {
  constructor(private readonly database: Database) {}

  /**
   * Stores those turns that follow directly on what is archived; the count of an erased conversation is ERASED.
   * @throws ServiceError storage_unavailable, and what is wrong with the data.
   */
  async commit(
    accepted: AcceptedBatch,
    { skipHeld, ageMs, late = false }: CommitOptions,
  ): Promise<ArchivedSoFar> {
    const { conversationId, owner, turns } = accepted;
    const batch = { ...accepted, createdAt: turns[0]!.createdAt };
    return this.database.transaction(async (client) => {
      if (late || turns[0]!.seq === 1) {
        // Redis may have lost it before its owner erased everything: then it has no tombstone.
        const isErased = owner !== null && (await hasErasedSince(client, owner, ageMs));
        if (isErased) return { count: ERASED, turns };
        await insertConversations(client, [batch]);
      }
      const [row] = await lockConversations(client, [conversationId], { skipHeld });
      if (!row) return { count: 0, turns: [] };
      if (row.erased) return { count: ERASED, turns };
      await addDataKeys(client, [row], [batch]);
      return insertAccepted(client, row, accepted, { late });
    });
  }

  /** Those of these turns that are archived, or are dead letters. */
  async kept(turnIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.read((manager) =>
      manager.query<{ id: string }[]>(
        `select id from conversation_messages where id = any($1::uuid[])
          union all
         select turn_id from dead_letters where turn_id = any($1::uuid[])`,
        [turnIds],
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Those of these conversations that were erased. */
  async erased(conversationIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.read((manager) =>
      manager.query<{ id: string }[]>(
        `select conversation_id as id from conversation_sessions
          where conversation_id = any($1::text[]) and erased_at is not null`,
        [conversationIds],
      ),
    );
    return rows.map(({ id }) => id);
  }
}
