import { Injectable } from '@nestjs/common';
import type { ArchivedKeyring, Replacement } from './archive.keyrings.js';
import { Database } from './database.js';

/** The keyring of the one key that makes tokens of topics. All methods throw ServiceError storage_unavailable. */
@Injectable()
export class TopicKeyring {
  /** In place of a conversation's id, which is never this; part of what is sealed: it never changes. */
  static readonly scope = 'topics';

  constructor(private readonly database: Database) {}

  /** Keeps this one where there is none. @returns the one that is kept. */
  async keep(keyring: string): Promise<string> {
    const known = await this.read();
    if (known) return known.keyring;
    await this.database.read((manager) =>
      manager.query('insert into topic_key (keyring) values ($1) on conflict do nothing', [
        keyring,
      ]),
    );
    return (await this.read())!.keyring;
  }

  async read(): Promise<ArchivedKeyring | undefined> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ keyring: string }[]>('select keyring from topic_key'),
    );
    return row && { conversationId: TopicKeyring.scope, keyring: row.keyring };
  }

  /** @returns whether it was replaced; it stays where it is another one by now. */
  async replace({ keyring, rewrapped }: Replacement): Promise<boolean> {
    const { rowCount } = await this.database.transaction((client) =>
      client.query('update topic_key set keyring = $2 where keyring = $1', [keyring, rewrapped]),
    );
    return rowCount === 1;
  }
}
