import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../config/encryption-keys.js';
import type { KeyringEntry } from '../conversation/keyring.js';
import { open, placeOf, seal } from './sealed-text.js';

const KEY_BYTES = 32;
// Only told apart from the few others of its conversation.
const ID_BYTES = 8;

/** A key that seals the contents of one conversation; it never leaves the process but wrapped. */
export interface DataKey {
  readonly id: string;
  readonly key: KeyObject;
}

export const newDataKey = (): DataKey => ({
  id: randomBytes(ID_BYTES).toString('base64url'),
  key: createSecretKey(randomBytes(KEY_BYTES)),
});

export function wrap(
  { id, key }: DataKey,
  by: EncryptionKey,
  conversationId: string,
): KeyringEntry {
  const wrappedKey = seal(by.key, key.export(), placeOf(conversationId, id));
  return { dataKeyId: id, wrappingKeyId: by.id, wrappedKey };
}

/** @throws Error when it is another conversation's, or was wrapped by another key. */
export function unwrap(entry: KeyringEntry, by: EncryptionKey, conversationId: string): DataKey {
  const { dataKeyId, wrappedKey } = entry;
  const bytes = open(by.key, wrappedKey, placeOf(conversationId, dataKeyId));
  return { id: dataKeyId, key: createSecretKey(bytes) };
}
