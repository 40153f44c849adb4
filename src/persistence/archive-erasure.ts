import { Injectable } from '@nestjs/common';
import { conversationNotFound } from '../conversation/errors.js';
import { insertConversations, lockConversations, type LockedRow } from './archive.statements.js';
import { Database } from './database.js';
import { eraseContents, type ErasedContents } from './erase.statements.js';

/** A conversation that is to be erased. */
export interface Doomed {
  readonly conversationId: string;
  /** When it began (ms), for one that the archive may not know yet: it needs a tombstone all the same. */
  readonly startedAt?: number | undefined;
  /** How many turns go with it, as far as is known. */
  readonly turns?: number;
}

// Some hundred milliseconds of work at most: whoever writes to one of them waits for all.
export const MAX_BATCH_CONVERSATIONS = 100;
const MAX_BATCH_TURNS = 10_000;

/** As many of the first of them as one transaction may erase: one at least. */
export function firstBatch(doomed: readonly Doomed[]): Doomed[] {
  let turns = 0;
  const fits = (each: Doomed, index: number) => {
    turns += each.turns ?? 0;
    return index === 0 || (index < MAX_BATCH_CONVERSATIONS && turns <= MAX_BATCH_TURNS);
  };
  const end = doomed.findIndex((each, index) => !fits(each, index));
  return doomed.slice(0, end < 0 ? undefined : end);
}

/** Which of these rows are to be erased; they are locked. */
export type ChooseDue = (
  rows: readonly LockedRow[],
) => readonly LockedRow[] | Promise<readonly LockedRow[]>;

export interface ErasedConversations extends ErasedContents {
  /** Those that this very call has erased. */
  readonly conversationIds: readonly string[];
  /** Those that had been erased before, by a call that may not have come to its end. */
  readonly earlierIds: readonly string[];
}

/**
 * Erases from the archive. Guaranteed: what is erased takes nothing any more, so no late flush brings it back; and it
 * names nobody. A tombstone answers everybody who asks for it alike.
 */
@Injectable()
export class ArchiveErasure {
  constructor(private readonly database: Database) {}

  /**
   * In one transaction; leaves out what is not this owner's.
   * @param chooseDue decides otherwise
   * @throws ServiceError storage_unavailable.
   */
  async erase(
    doomed: readonly Doomed[],
    owner: string | null,
    chooseDue: ChooseDue = (rows) => rows.filter((row) => row.user_id === owner),
  ): Promise<ErasedConversations> {
    return this.database.transaction(async (client) => {
      const unflushed = doomed.flatMap(({ conversationId, startedAt: createdAt }) =>
        createdAt === undefined
          ? []
          : { conversationId, owner, createdAt, turns: [], keyring: '', title: null },
      );
      if (unflushed.length > 0) await insertConversations(client, unflushed);
      const rows = await lockConversations(
        client,
        doomed.map(({ conversationId }) => conversationId),
      );
      const due = await chooseDue(rows.filter((row) => !row.erased));
      const conversationIds = due.map((row) => row.conversation_id);
      const earlierIds = rows.filter((row) => row.erased).map((row) => row.conversation_id);
      return { conversationIds, earlierIds, ...(await eraseContents(client, conversationIds)) };
    });
  }

  /** As `erase`, of one. @throws ServiceError conversation_not_found. */
  async eraseOne(doomed: Doomed, owner: string | null): Promise<void> {
    const { conversationIds } = await this.erase([doomed], owner);
    if (conversationIds.length === 0) throw conversationNotFound();
  }

  async isErased(conversationId: string): Promise<boolean> {
    const rows = await this.database.read((manager) =>
      manager.query<unknown[]>(
        `select from conversation_sessions where conversation_id = $1 and erased_at is not null`,
        [conversationId],
      ),
    );
    return rows.length > 0;
  }
}
