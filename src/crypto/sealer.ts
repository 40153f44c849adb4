import { type DataKey } from './data-key.js';
import { placeOf, seal } from './sealed-text.js';

/** Seals what belongs to one conversation; without a key it leaves everything as it is. */
export class Sealer {
  /** @param keyring the entry of this very key, which goes along with whatever it seals; '' without a key */
  constructor(
    private readonly conversationId: string,
    private readonly dataKey: DataKey | null,
    readonly keyring: string,
  ) {}

  get keyId(): string | null {
    return this.dataKey?.id ?? null;
  }

  /** @param turnId '' for what belongs to the conversation itself */
  text(text: string, turnId: string, field: string): string {
    if (!this.dataKey) return text;
    const place = placeOf(this.conversationId, turnId, field);
    return seal(this.dataKey.key, Buffer.from(text), place);
  }

  /** JSON: of the value, or of the text that is it sealed. */
  json(value: unknown, turnId: string, field: string): string {
    const json = JSON.stringify(value);
    return this.dataKey ? JSON.stringify(this.text(json, turnId, field)) : json;
  }
}
