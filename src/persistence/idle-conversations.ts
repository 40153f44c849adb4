import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import type { Doomed } from './archive-erasure.js';

export interface IdlePage {
  /** How many conversations were looked at. */
  readonly seen: number;
  /** Where to go on; null at the end. */
  readonly nextId: string | null;
  /** By Postgres's clock; null where there was nothing to look at. */
  readonly lookedAt: string | null;
  /** To be archived. */
  readonly idle: readonly string[];
  /** To be erased. */
  readonly expired: readonly Doomed[];
}

export interface TidyLimits {
  readonly archiveAfterDays: number;
  /** 0: never. */
  readonly retentionDays: number;
}

interface IdleRow {
  readonly looked_at: string;
  readonly conversation_id: string;
  readonly turn_count: string;
  readonly is_idle: boolean;
  readonly is_expired: boolean;
}

// Some ten milliseconds: a page is looked at, and few of it are due.
const PAGE = 5000;

/** Finds what lies idle, by Postgres's clock alone. In the order of ids, which no turn changes and has an index anyway. */
@Injectable()
export class IdleConversations {
  constructor(private readonly database: Database) {}

  async count(): Promise<number> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ count: string }[]>('select count(*) from conversation_sessions'),
    );
    return Number(row!.count);
  }

  async page(afterId: string, { archiveAfterDays, retentionDays }: TidyLimits): Promise<IdlePage> {
    const rows = await this.database.read((manager) =>
      manager.query<IdleRow[]>(
        `select conversation_id, turn_count, now()::text as looked_at,
                erased_at is null and not is_archived
                  and last_activity < now() - $2 * interval '1 day' as is_idle,
                erased_at is null and is_archived and $3 > 0
                  and coalesce(archived_at < now() - $3 * interval '1 day', false) as is_expired
           from conversation_sessions
          where conversation_id > $1 order by conversation_id limit $4`,
        [afterId, archiveAfterDays, retentionDays, PAGE],
      ),
    );
    return {
      seen: rows.length,
      lookedAt: rows[0]?.looked_at ?? null,
      nextId: rows.length < PAGE ? null : rows.at(-1)!.conversation_id,
      idle: rows.filter((row) => row.is_idle).map((row) => row.conversation_id),
      expired: rows
        .filter((row) => row.is_expired)
        .map((row) => ({ conversationId: row.conversation_id, turns: Number(row.turn_count) })),
    };
  }

  /**
   * Those of them that are still idle; what somebody else holds right now is not. As of when they were looked at: a turn
   * that Redis has accepted since, and that comes here later, is newer than that, and brings its conversation back.
   * @returns how many that were.
   */
  async archive(
    conversationIds: readonly string[],
    archiveAfterDays: number,
    lookedAt: string | null,
  ): Promise<number> {
    const [, archived] = await this.database.read((manager) =>
      manager.query<[unknown[], number]>(
        `with idle as (
           select conversation_id from conversation_sessions
            where conversation_id = any($1::text[]) and erased_at is null and not is_archived
              and last_activity < now() - $2 * interval '1 day'
            order by conversation_id
              for update skip locked
         )
         update conversation_sessions s set is_archived = true, archived_at = $3::timestamptz from idle
          where s.conversation_id = idle.conversation_id`,
        [conversationIds, archiveAfterDays, lookedAt],
      ),
    );
    return archived;
  }
}
