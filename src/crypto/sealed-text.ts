import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
// What GCM is made for; random ones of one key may meet after some 2^32 values, and a data key seals one conversation.
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Where a sealed value belongs: it opens nowhere else. JSON, in which no two lists of texts look alike.
 * Begins with the version of all that this folder writes.
 */
export const placeOf = (...names: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify(['1', ...names]));

/** Base64url of nonce, ciphertext and tag. */
export function seal(key: KeyObject, value: Buffer, place: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(place);
  const ciphertext = [cipher.update(value), cipher.final()];
  return Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag()]).toString('base64url');
}

/** @throws Error when the value was changed, cut, moved from another place, or sealed by another key. */
export function open(key: KeyObject, sealed: string, place: Buffer): Buffer {
  const bytes = Buffer.from(sealed, 'base64url');
  // What the decoder overlooks (spare bits, foreign characters) would be a change that passes.
  if (bytes.toString('base64url') !== sealed) throw new Error('a sealed value is not in its form');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('a sealed value is too short');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(place);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([
    decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
    decipher.final(),
  ]);
}
