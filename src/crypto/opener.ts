import { decryptionFailed } from '../conversation/errors.js';
import { type DataKey } from './data-key.js';
import { open, placeOf } from './sealed-text.js';

/** Opens what a Sealer has sealed in the same conversation. All methods throw ServiceError decryption_failed. */
export class Opener {
  private readonly keys = new Map<string, DataKey>();

  /** @param unwrap gives the data key of this id, or throws */
  constructor(
    private readonly conversationId: string,
    private readonly unwrap: (dataKeyId: string) => DataKey,
  ) {}

  /** @param keyId null: it was never sealed */
  text(text: string, keyId: string | null, turnId: string, field: string): string {
    if (keyId === null) return text;
    try {
      const place = placeOf(this.conversationId, turnId, field);
      return open(this.key(keyId).key, text, place).toString();
    } catch (error) {
      throw decryptionFailed(error);
    }
  }

  /** Of JSON as `Sealer.json` writes it. */
  json<T>(json: string, keyId: string | null, turnId: string, field: string): T {
    const stored = parse(json);
    if (keyId === null) return stored as T;
    if (typeof stored !== 'string') throw decryptionFailed();
    return parse(this.text(stored, keyId, turnId, field)) as T;
  }

  /** Each key is unwrapped once, and only when something needs it. */
  private key(id: string): DataKey {
    const known = this.keys.get(id);
    if (known) return known;
    const key = this.unwrap(id);
    this.keys.set(id, key);
    return key;
  }
}

/** Somebody may have damaged it in the store: then that turn is unreadable, and not those around it. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw decryptionFailed(error);
  }
}
