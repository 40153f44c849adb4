import { toStorableText } from '../conversation/text.js';

const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

/**
 * Makes foreign text storable that comes in chunks: the result is that of the whole text, also where a
 * chunk ends in the middle of a character.
 */
export class StorableChunks {
  // The first half of a pair whose second half may open the next chunk.
  private half = '';

  push(chunk: string): string {
    const text = this.half + chunk.replaceAll('\0', '');
    this.half = HIGH_SURROGATE.exec(text)?.[0] ?? '';
    return toStorableText(this.half === '' ? text : text.slice(0, -1));
  }

  /** What is left when no chunk follows. */
  end(): string {
    const half = toStorableText(this.half);
    this.half = '';
    return half;
  }
}
