import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual } from 'typeorm';
import {
  conversationChanged,
  conversationNotFound,
  storageUnavailable,
} from '../conversation/errors.js';
import type { StoredAppend } from '../conversation/stored-history.js';
import type {
  NumberedStoredTurn,
  StoredConversation,
  StoredTurn,
} from '../conversation/stored-turn.js';
import { type AcceptedBatch, insertAccepted } from './accepted.statements.js';
import { toConversation, toTurn } from './archive.rows.js';
import {
  type ConversationBatch,
  insertConversations,
  insertTurns,
  lockConversations,
  markHotStale,
  numbersOf,
} from './archive.statements.js';
import { addDataKeys } from './keyring.statements.js';
import { ConversationMessage } from './conversation-message.entity.js';
import { ConversationSession } from './conversation-session.entity.js';
import { Database } from './database.js';
import { DeadLetter, turnOfLetter } from './dead-letter.entity.js';

export interface CommittedBatch {
  readonly conversationId: string;
  /** Erased by its owner: nothing was stored, and nothing may be kept elsewhere. */
  readonly erased: boolean;
  /** Somebody else holds its row: nothing was stored. */
  readonly held: boolean;
  /** The place of each turn by its id, as Postgres has it. */
  readonly numbers: ReadonlyMap<string, number>;
}

export interface ArchivedTail {
  readonly conversation: StoredConversation;
  /** The newest turns, oldest first. */
  readonly turns: readonly NumberedStoredTurn[];
}

export interface ArchivedTurn {
  readonly turn: StoredTurn;
  /** Null for a dead letter. */
  readonly seq: number | null;
  /** Holds the data key of the turn. */
  readonly keyring: string;
}

export interface DirectAppend extends Omit<StoredAppend, 'durability' | 'retry'> {
  /** The session in Redis will not have this turn: mark the conversation for recovery. */
  readonly aroundRedis: boolean;
  /** What this instance had accepted into Redis before, and does not know archived. */
  readonly accepted?: () => AcceptedBatch | undefined;
}

/**
 * The durable tier. Guaranteed: a turn is stored once, however often it comes; the numbers of a
 * conversation are 1, 2, 3 … without a gap; erased conversations take nothing.
 */
@Injectable()
export class Archive {
  constructor(private readonly database: Database) {}

  /**
   * Stores what is new of the batches in one transaction: all of it or nothing.
   * @param skipHeld all but the conversations whose row somebody else holds
   */
  async commit(
    batches: readonly ConversationBatch[],
    { skipHeld = false } = {},
  ): Promise<CommittedBatch[]> {
    return this.database.transaction(async (client) => {
      const ids = batches.map((batch) => batch.conversationId);
      let rows = await lockConversations(client, ids, { skipHeld });
      if (rows.length < ids.length) {
        const known = new Set(rows.map((row) => row.conversation_id));
        await insertConversations(
          client,
          batches.filter((batch) => !known.has(batch.conversationId)),
        );
        rows = await lockConversations(client, ids, { skipHeld });
      }
      await addDataKeys(client, rows, batches);
      const locked = new Set(rows.map((row) => row.conversation_id));
      await insertTurns(
        client,
        batches.filter((batch) => locked.has(batch.conversationId)),
      );
      const turnIds = batches.flatMap(({ turns }) => turns.map((turn) => turn.id));
      const numbers = await numbersOf(client, turnIds);
      const erased = new Set(rows.filter((row) => row.erased).map((row) => row.conversation_id));
      return ids.map((conversationId) => ({
        conversationId,
        erased: erased.has(conversationId),
        held: !locked.has(conversationId),
        numbers,
      }));
    });
  }

  /**
   * Stores one turn without Redis, behind those that Redis had accepted from here, and answers with its place.
   * @throws ServiceError conversation_not_found, conversation_changed, storage_unavailable.
   */
  async append(append: DirectAppend): Promise<number> {
    const { conversationId, owner, turn } = append;
    const batch = { ...append, createdAt: turn.createdAt, turns: [turn] };
    return this.database.transaction(async (client) => {
      if (append.create) await insertConversations(client, [batch]);
      const [row] = await lockConversations(client, [conversationId]);
      if (!row || row.erased || row.user_id !== owner) throw conversationNotFound();
      // Under the lock: what it waited for may have been archived since anybody looked.
      const accepted = append.accepted?.();
      await addDataKeys(client, [row], accepted ? [accepted, batch] : [batch]);
      const { count } = accepted
        ? await insertAccepted(client, row, accepted)
        : { count: Number(row.turn_count) };
      const already = (await numbersOf(client, [turn.id])).get(turn.id);
      if (already !== undefined) return already;
      assertExpected(append, count);
      await insertTurns(client, [batch]);
      if (append.aroundRedis) await markHotStale(client, conversationId, turn.id);
      return count + 1;
    });
  }

  /** The place of each of these turns; one that is not archived is not in the map. */
  async numbersOf(turnIds: readonly string[]): Promise<Map<string, number>> {
    return this.database.transaction((client) => numbersOf(client, turnIds));
  }

  /** The newest turns of a conversation that is not erased; null when there is none, or not of this owner. */
  async tail(
    conversationId: string,
    owner: string | null,
    maxTurns: number,
  ): Promise<ArchivedTail | null> {
    return this.database.read(async (manager) => {
      const conversation = await manager.findOneBy(ConversationSession, {
        conversationId,
        erasedAt: IsNull(),
      });
      if (!conversation || conversation.userId !== owner) return null;
      const rows = await manager.find(ConversationMessage, {
        // Not what came since the conversation was read: its keyring may lack the key of that.
        where: { conversationId, seq: LessThanOrEqual(conversation.turnCount) },
        order: { seq: 'DESC' },
        take: maxTurns,
      });
      return { conversation: toConversation(conversation), turns: rows.reverse().map(toTurn) };
    });
  }

  /** A turn by its ids, or null; one that is a dead letter has no place. */
  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<ArchivedTurn | null> {
    // The turn first: the keyring that is read after it has its key.
    const kept = await this.database.read(async (manager) => {
      const row = await manager.findOneBy(ConversationMessage, { conversationId, id: turnId });
      if (row) return { turn: toTurn(row), seq: Number(row.seq) };
      const letter = await manager.findOneBy(DeadLetter, { conversationId, turnId });
      return letter && { turn: turnOfLetter(letter), seq: null };
    });
    const tail = kept && (await this.tail(conversationId, owner, 0));
    return tail && { ...kept, keyring: tail.conversation.keyring };
  }
}

/** Around Redis the archive may lag behind what the caller has seen: then nobody knows. */
function assertExpected({ expectedSeq, aroundRedis }: DirectAppend, turnCount: number): void {
  if (expectedSeq === undefined || expectedSeq === turnCount) return;
  throw aroundRedis && expectedSeq > turnCount ? storageUnavailable() : conversationChanged();
}
