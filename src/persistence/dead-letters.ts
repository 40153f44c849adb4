import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { ServiceError } from '../conversation/errors.js';
import { Metrics } from '../metrics/metrics.js';
import type { StoredTurn } from '../conversation/stored-turn.js';
import {
  type ConversationBatch,
  insertConversations,
  insertDeadLetter,
  insertTurns,
  lockConversations,
  markHotStale,
  numbersOf,
} from './archive.statements.js';
import { Database } from './database.js';
import { DeadLetter, turnOfLetter } from './dead-letter.entity.js';
import { addDataKeys } from './keyring.statements.js';
import { failureKind, sqlstateOf } from './sqlstate.js';

// A page for a person; what is mended leaves it, and the next ones move up.
const MOST_LISTED = 500;

export interface RetriedLetter {
  readonly conversationId: string;
  /** Its place in the conversation; null when it was refused again. */
  readonly seq: number | null;
}

/** Turns that the archive refused. Guaranteed: one leaves only into the archive, or with its conversation. */
@Injectable()
export class DeadLetters {
  constructor(
    private readonly database: Database,
    metrics: Metrics,
  ) {
    metrics.collectBefore(async () => metrics.deadLetters.set(await this.count()));
  }

  /** Keeps a turn that the archive refuses as a dead letter, out of the way of those that follow it. */
  async bury(batch: ConversationBatch, turn: StoredTurn, sqlstate: string): Promise<void> {
    await this.database.transaction(async (client) => {
      await insertConversations(client, [batch]);
      const [row] = await lockConversations(client, [batch.conversationId]);
      if (!row || row.erased) return;
      await addDataKeys(client, [row], [batch]);
      await insertDeadLetter(client, batch.conversationId, turn, sqlstate);
    });
  }

  /** The newest ones, without their contents. */
  list(): Promise<Omit<DeadLetter, 'turn'>[]> {
    return this.database.read((manager) =>
      manager.find(DeadLetter, {
        select: { turnId: true, conversationId: true, sqlstate: true, at: true, attempts: true },
        order: { at: 'DESC', turnId: 'ASC' },
        take: MOST_LISTED,
      }),
    );
  }

  count(): Promise<number> {
    return this.database.read((manager) => manager.count(DeadLetter));
  }

  /**
   * Tries to archive a dead letter; it takes the next free seq. The session in Redis is then behind, and is marked.
   * @throws ServiceError turn_not_found, storage_unavailable.
   */
  async retry(turnId: string): Promise<RetriedLetter> {
    return this.database.transaction(async (client) => {
      // The conversation first, as everybody who writes to it does: two orders could wait for each other.
      const conversationId = await conversationOf(client, turnId);
      const [row] = await lockConversations(client, [conversationId]);
      const letter = await lockLetter(client, turnId);
      if (!letter) throw noSuchLetter();
      const turn = turnOfLetter(letter);
      // The conversation has its row, and that the data key: both came with the letter.
      const present = { owner: row?.user_id ?? null, createdAt: 0, keyring: '', title: null };
      const batch = { conversationId, ...present, turns: [turn] };
      const refused = await refusalOf(client, () => insertTurns(client, [batch]));
      if (refused !== null) {
        await insertDeadLetter(client, conversationId, turn, refused);
        return { conversationId, seq: null };
      }
      await markHotStale(client, conversationId, turnId);
      return { conversationId, seq: (await numbersOf(client, [turnId])).get(turnId) ?? null };
    });
  }
}

const noSuchLetter = (): ServiceError =>
  new ServiceError('turn_not_found', 'There is no such dead letter.');

async function conversationOf(client: PoolClient, turnId: string): Promise<string> {
  const { rows } = await client.query<{ conversation_id: string }>(
    'select conversation_id from dead_letters where turn_id = $1',
    [turnId],
  );
  if (!rows[0]) throw noSuchLetter();
  return rows[0].conversation_id;
}

async function lockLetter(
  client: PoolClient,
  turnId: string,
): Promise<{ turn: Buffer } | undefined> {
  const { rows } = await client.query<{ turn: Buffer }>(
    'select turn from dead_letters where turn_id = $1 for update',
    [turnId],
  );
  return rows[0];
}

/** @returns the SQLSTATE with which the statement was refused for its data, or null when it went through. */
async function refusalOf(client: PoolClient, work: () => Promise<void>): Promise<string | null> {
  await client.query('savepoint attempt');
  try {
    await work();
    return null;
  } catch (error) {
    if (failureKind(error) !== 'poison') throw error;
    await client.query('rollback to savepoint attempt');
    return sqlstateOf(error);
  }
}
