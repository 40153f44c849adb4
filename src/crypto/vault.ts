import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EncryptionKey } from '../config/encryption-keys.js';
import { Environment } from '../config/environment.js';
import { entriesOf, type KeyringEntry, keyringOf } from '../conversation/keyring.js';
import { type DataKey, newDataKey, unwrap, wrap } from './data-key.js';
import { Opener } from './opener.js';
import { Sealer } from './sealer.js';

export interface Rewrapped {
  readonly keyring: string;
  /** Some of it is wrapped by a key that ENCRYPTION_KEYS lacks, or was changed. */
  readonly isUnreadable: boolean;
}

/**
 * Seals and opens the contents of conversations, by AES-256-GCM: each conversation under a data key of its own, which
 * is kept beside it, wrapped by a key of ENCRYPTION_KEYS. What is sealed opens in its place alone (conversation, turn,
 * field). Not guaranteed: that a whole turn is not taken away, or that an older one is not put back.
 */
@Injectable()
export class Vault {
  private readonly keys: ReadonlyMap<string, EncryptionKey>;
  /** The one that wraps; without one, contents are stored as they are. */
  private readonly first: EncryptionKey | undefined;

  constructor({ encryptionKeys }: Environment) {
    this.keys = new Map(encryptionKeys.map((key) => [key.id, key]));
    this.first = encryptionKeys[0];
  }

  /** By the newest data key of the keyring that can be unwrapped, else by a new one. */
  sealer(conversationId: string, keyring: string): Sealer {
    if (!this.first) return new Sealer(conversationId, null, '');
    const known = this.newestOf(conversationId, keyring);
    const dataKey = known?.dataKey ?? newDataKey();
    // Wrapped by the first key, whatever wrapped it before: so nothing brings back a key that was rotated away.
    const isCurrent = known?.entry.wrappingKeyId === this.first.id;
    const entry = isCurrent ? known.entry : wrap(dataKey, this.first, conversationId);
    return new Sealer(conversationId, dataKey, keyringOf([entry]));
  }

  /** What it opens may fail, one by one. */
  opener(conversationId: string, keyring: string): Opener {
    return new Opener(conversationId, (dataKeyId) => {
      const entry = entriesOf(keyring).find((each) => each.dataKeyId === dataKeyId);
      if (!entry) throw new Error('the data key is not in the keyring');
      return this.unwrap(conversationId, entry);
    });
  }

  /** The newest data key of the keyring that can be unwrapped. */
  keyOf(conversationId: string, keyring: string): KeyObject | undefined {
    return this.newestOf(conversationId, keyring)?.dataKey.key;
  }

  /** The same data keys, wrapped by the first key as far as they can be unwrapped. */
  rewrap(conversationId: string, keyring: string): Rewrapped {
    let isUnreadable = false;
    const entries = entriesOf(keyring).map((entry) => {
      const dataKey = this.tryUnwrap(conversationId, entry);
      isUnreadable ||= !dataKey;
      const isCurrent = entry.wrappingKeyId === this.first?.id;
      return dataKey && this.first && !isCurrent
        ? wrap(dataKey, this.first, conversationId)
        : entry;
    });
    return { keyring: keyringOf(entries), isUnreadable };
  }

  private newestOf(
    conversationId: string,
    keyring: string,
  ): { readonly dataKey: DataKey; readonly entry: KeyringEntry } | undefined {
    for (const entry of entriesOf(keyring).toReversed()) {
      const dataKey = this.tryUnwrap(conversationId, entry);
      if (dataKey) return { dataKey, entry };
    }
    return undefined;
  }

  private tryUnwrap(conversationId: string, entry: KeyringEntry): DataKey | undefined {
    try {
      return this.unwrap(conversationId, entry);
    } catch {
      return undefined;
    }
  }

  private unwrap(conversationId: string, entry: KeyringEntry): DataKey {
    const key = this.keys.get(entry.wrappingKeyId);
    if (!key) throw new Error('the key that wraps the data key is not among ENCRYPTION_KEYS');
    return unwrap(entry, key, conversationId);
  }
}
