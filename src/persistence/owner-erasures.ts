import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Environment } from '../config/environment.js';
import { type Doomed, firstBatch, MAX_BATCH_CONVERSATIONS } from './archive-erasure.js';
import { Database } from './database.js';

// What goes by between a look at the clock here and one in Postgres. Too much harms only what Redis had just lost.
const MARGIN_MS = 1000;

/**
 * Who has erased everything, and when, by a digest of the user's id. For turns that have no tombstone to meet: those
 * of a conversation that was in neither store when its owner erased everything.
 */
@Injectable()
export class OwnerErasures {
  constructor(
    private readonly database: Database,
    private readonly environment: Environment,
  ) {}

  /** Everything of the owner is about to be erased. Whatever of before is just being rescued is stored when this returns. */
  async note(owner: string): Promise<string> {
    const mark = randomUUID();
    await this.database.transaction(async (client) => {
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [owner]);
      await client.query(
        `insert into owner_erasures (owner, mark, at)
         values (sha256(convert_to($1, 'UTF8')), $2, clock_timestamp())
             on conflict (owner) do update set mark = excluded.mark, at = excluded.at`,
        [owner, mark],
      );
    });
    return mark;
  }

  /** The mark of the last erasure, as long as a turn that began before it may be under way, or abandoned; null: none. */
  async mark(owner: string): Promise<string | null> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ mark: string }[]>(
        `select mark from owner_erasures
          where owner = sha256(convert_to($1, 'UTF8')) and at > now() - $2 * interval '1 ms'`,
        [owner, this.environment.erasureMarkMs],
      ),
    );
    return row?.mark ?? null;
  }

  /** As many of the owner's conversations as one transaction may erase; none when nothing is left. */
  next(owner: string): Promise<Doomed[]> {
    return this.database.read(async (manager) => {
      const rows = await manager.query<{ id: string; turns: string }[]>(
        `select conversation_id as id, turn_count as turns from conversation_sessions
          where user_id = $1 and erased_at is null limit $2`,
        [owner, MAX_BATCH_CONVERSATIONS],
      );
      return firstBatch(
        rows.map(({ id, turns }) => ({ conversationId: id, turns: Number(turns) })),
      );
    });
  }
}

/**
 * Whether the owner has erased everything since a turn was accepted, so many ms ago: two lengths of time, so that no
 * two clocks have to agree. The owner cannot do so until the transaction has ended.
 */
export async function hasErasedSince(
  client: PoolClient,
  owner: string,
  ageMs: number,
): Promise<boolean> {
  await client.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [owner]);
  const { rowCount } = await client.query(
    `select from owner_erasures
      where owner = sha256(convert_to($1, 'UTF8')) and at > clock_timestamp() - $2 * interval '1 ms'`,
    [owner, ageMs + MARGIN_MS],
  );
  return rowCount !== 0;
}
