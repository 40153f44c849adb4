import { createSecretKey, type KeyObject } from 'node:crypto';
import { InvalidEnvironment, type Variables } from './variables.js';

/** One of the operator's keys, by which data keys are wrapped. */
export interface EncryptionKey {
  readonly id: string;
  /** Not its bytes, which would be shown by whatever prints the environment. */
  readonly key: KeyObject;
}

const NAME = 'ENCRYPTION_KEYS';
const TAKES =
  'id:base64,id:base64 with 32 random bytes each, such as openssl rand -base64 32 prints';
const ID = /^[\w.-]{1,32}$/;
const KEY_BYTES = 32;
// 32 random bytes have fewer different ones once in 10^16 keys.
const MIN_DIFFERENT_BYTES = 16;

/** The keys of `ENCRYPTION_KEYS`, of which the first one writes. @throws InvalidEnvironment, which never shows a key. */
export function readEncryptionKeys(variables: Variables, production: boolean): EncryptionKey[] {
  const text = variables.text(NAME);
  if (text === undefined) return [];
  const ids = new Set<string>();
  return text.split(',').map((entry, index) => {
    const { id, bytes } = readEntry(entry.trim(), `entry ${index + 1}`);
    if (ids.has(id)) throw new InvalidEnvironment(NAME, `the id "${id}" twice`, 'each id once');
    ids.add(id);
    if (production && looksMadeUp(bytes)) {
      throw new InvalidEnvironment(NAME, `a key that is no random one ("${id}")`, TAKES);
    }
    return { id, key: createSecretKey(bytes) };
  });
}

function readEntry(entry: string, which: string): { id: string; bytes: Buffer } {
  const separator = entry.indexOf(':');
  const id = entry.slice(0, Math.max(0, separator));
  if (!ID.test(id)) {
    const got = `${which} without an id of 1 to 32 letters, digits, "." "_" "-"`;
    throw new InvalidEnvironment(NAME, got, TAKES);
  }
  const text = entry.slice(separator + 1);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw new InvalidEnvironment(NAME, `${which} whose key is no base64`, TAKES);
  }
  if (bytes.length !== KEY_BYTES) {
    throw new InvalidEnvironment(NAME, `${which} with a key of ${bytes.length} bytes`, TAKES);
  }
  return { id, bytes };
}

/** A pattern, or something typed: no source of random bytes gives either. */
function looksMadeUp(bytes: Buffer): boolean {
  const steps = new Set(bytes.subarray(1).map((byte, index) => byte - bytes[index]!));
  const isTyped = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return new Set(bytes).size < MIN_DIFFERENT_BYTES || steps.size === 1 || isTyped;
}
