import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { NumberedStoredTurn, StoredText } from '../conversation/stored-turn.js';
import {
  insertConversations,
  insertTurns,
  markHotStale,
  lockConversations,
  numbersOf,
} from './archive.statements.js';
import { addDataKeys } from './keyring.statements.js';
import { Database } from './database.js';
import { hasErasedSince } from './owner-erasures.js';

/** A turn as Redis has accepted it. */
export interface AcceptedTurn extends NumberedStoredTurn {
  /** The turn that it followed there; '' when it was the first. */
  readonly previousTurnId: string;
}

/** Turns of one conversation, in their order. */
export interface AcceptedBatch {
  readonly conversationId: string;
  readonly owner: string | null;
  readonly turns: readonly AcceptedTurn[];
  /** Holds the data key of each of them. */
  readonly keyring: string;
  readonly title: StoredText | null;
}

/** An erased conversation takes nothing any more. */
export const ERASED = Number.POSITIVE_INFINITY;

export interface ArchivedSoFar {
  /** How many turns of the conversation are archived, or ERASED. */
  readonly count: number;
  /** Those of the batch that are among them. */
  readonly turns: readonly AcceptedTurn[];
}

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
   * Stores those turns that follow directly on what is archived: behind a gap stands a turn that another
   * instance has accepted, and goes first. Marks the conversation: Redis may have lost them.
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
      const known = await numbersOf(
        client,
        turns.map(({ id }) => id),
      );
      const count = Number(row.turn_count);
      const unknown = turns.filter(({ id }) => !known.has(id));
      const newestId = await newestOf(client, conversationId, count);
      const due = late ? unknown : following({ id: newestId, seq: count }, unknown);
      if (due.length > 0) {
        await addDataKeys(client, [row], [batch]);
        await insertTurns(client, [{ ...batch, turns: due }]);
        await markHotStale(client, conversationId, due.at(-1)!.id);
      }
      const stored = turns.filter((turn) => known.has(turn.id) || due.includes(turn));
      return { count: count + due.length, turns: stored };
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

async function newestOf(client: PoolClient, conversationId: string, seq: number): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select id from conversation_messages where conversation_id = $1 and seq = $2',
    [conversationId, seq],
  );
  return rows[0]?.id ?? '';
}

/**
 * Those that follow on one another from this turn on. By their ids, for another turn may have taken a place; and by
 * their places, for a turn that came a second time may stand behind others that Redis alone has.
 */
function following(
  newest: { readonly id: string; readonly seq: number },
  turns: readonly AcceptedTurn[],
): AcceptedTurn[] {
  const due: AcceptedTurn[] = [];
  for (const turn of turns) {
    const { id, seq } = due.at(-1) ?? newest;
    if (turn.previousTurnId === id && turn.seq === seq + 1) due.push(turn);
  }
  return due;
}
