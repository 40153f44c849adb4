import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

/** A conversation of the archive with what its turns add up to. */
export interface CheckedConversation {
  readonly conversationId: string;
  readonly owner: string | null;
  readonly erased: boolean;
  readonly turnCount: number;
  readonly turns: number;
  readonly lastSeq: number;
  /** Sealed turns whose data key is not in the conversation's keyring. */
  readonly keyless: number;
}

interface Row {
  readonly conversation_id: string;
  readonly user_id: string | null;
  readonly erased: boolean;
  readonly turn_count: string;
  readonly turns: string;
  readonly last_seq: string | null;
  readonly keyless: string;
}

/** Reads the archive for the invariants; writes nothing. */
@Injectable()
export class ArchiveCheck {
  constructor(private readonly database: Database) {}

  async countConversations(): Promise<number> {
    const rows = await this.query<{ count: string }>(
      'select count(*) from conversation_sessions',
      [],
    );
    return Number(rows[0]!.count);
  }

  /** The next conversations in id order. */
  page(afterId: string, limit: number): Promise<CheckedConversation[]> {
    return this.select('where s.conversation_id > $1 order by 1 limit $2', [afterId, limit]);
  }

  byId(ids: readonly string[]): Promise<CheckedConversation[]> {
    return this.select('where s.conversation_id = any($1::text[])', [ids]);
  }

  /** The place of each of these turns; one that is not archived is not in the map. */
  async placesOf(turnIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.query<{ id: string; seq: string }>(
      'select id, seq from conversation_messages where id = any($1::uuid[])',
      [turnIds],
    );
    return new Map(rows.map(({ id, seq }) => [id, Number(seq)]));
  }

  private async select(condition: string, values: unknown[]): Promise<CheckedConversation[]> {
    const rows = await this.query<Row>(
      `select s.conversation_id, s.user_id, s.erased_at is not null as erased, s.turn_count,
              m.turns, m.last_seq, m.keyless
         from conversation_sessions s
        cross join lateral (select ',' || coalesce(encode(s.data_key, 'escape'), '') as text) keyring
        cross join lateral (select count(*) as turns, max(seq) as last_seq,
                                   count(*) filter (where position(',' || key_id || ':' in keyring.text) = 0)
                                     as keyless
                              from conversation_messages where conversation_id = s.conversation_id) m
        ${condition}`,
      values,
    );
    return rows.map((row) => ({
      conversationId: row.conversation_id,
      owner: row.user_id,
      erased: row.erased,
      turnCount: Number(row.turn_count),
      turns: Number(row.turns),
      lastSeq: Number(row.last_seq ?? 0),
      keyless: Number(row.keyless),
    }));
  }

  private query<T>(sql: string, values: unknown[]): Promise<T[]> {
    return this.database.read((manager) => manager.query<T[]>(sql, values));
  }
}
