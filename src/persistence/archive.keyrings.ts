import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

export interface ArchivedKeyring {
  readonly conversationId: string;
  readonly keyring: string;
}

/** A keyring with the one that takes its place. */
export interface Replacement extends ArchivedKeyring {
  readonly rewrapped: string;
}

/** The keyrings of the archive, for whoever wraps data keys anew. All methods throw ServiceError storage_unavailable. */
@Injectable()
export class ArchiveKeyrings {
  constructor(private readonly database: Database) {}

  async count(): Promise<number> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ count: string }[]>('select count(data_key) from conversation_sessions'),
    );
    return Number(row!.count);
  }

  /** The next ones in the order of their conversations' ids. */
  async page(afterId: string, limit: number): Promise<ArchivedKeyring[]> {
    const rows = await this.database.read((manager) =>
      manager.query<{ id: string; data_key: Buffer }[]>(
        `select conversation_id as id, data_key
           from conversation_sessions
          where conversation_id > $1 and data_key is not null
          order by conversation_id limit $2`,
        [afterId, limit],
      ),
    );
    return rows.map(({ id, data_key }) => ({ conversationId: id, keyring: data_key.toString() }));
  }

  /**
   * @param skipHeld leaves out what somebody else holds, instead of waiting for it
   * @returns the conversations whose keyring was replaced; it stays where it is another one by now.
   */
  async replace(
    replacements: readonly Replacement[],
    { skipHeld }: { readonly skipHeld: boolean },
  ): Promise<Set<string>> {
    const { rows } = await this.database.transaction((client) =>
      client.query<{ id: string }>(
        `with free as (
           select s.conversation_id, r.rewrapped
             from conversation_sessions s
             join unnest($1::text[], $2::text[], $3::text[])
               as r (conversation_id, keyring, rewrapped) using (conversation_id)
            where s.data_key = convert_to(r.keyring, 'UTF8')
            order by s.conversation_id
              for update of s${skipHeld ? ' skip locked' : ''}
         )
         update conversation_sessions s set data_key = convert_to(free.rewrapped, 'UTF8') from free
          where s.conversation_id = free.conversation_id
      returning s.conversation_id as id`,
        [
          replacements.map((each) => each.conversationId),
          replacements.map((each) => each.keyring),
          replacements.map((each) => each.rewrapped),
        ],
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }
}
