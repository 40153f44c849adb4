import { describe, expect, it } from 'vitest';
import { isStorableText, toStorableText, truncateUtf8 } from '../../src/conversation/text.js';
import { randomOf } from '../support/random.js';

const RUNS = 200;
const UNITS = ['a', 'é', '论', '𝒳', '👩‍🔬', '\0', '\ud83d', '\ude00', ' ', '\n'];

function randomText(seed: number): string {
  const random = randomOf(seed);
  const length = Math.floor(random() * 30);
  return Array.from({ length }, () => UNITS[Math.floor(random() * UNITS.length)]).join('');
}

describe('text that both stores keep', () => {
  it.each(['', 'plain', 'é论𝒳', '\u0001\u007f', '\uffff'])('is taken as it is: %j', (text) => {
    expect(isStorableText(text)).toBe(true);
    expect(toStorableText(text)).toBe(text);
  });

  it.each(['\0', 'a\0b', '\ud83d', 'a\ude00', '\ude00\ud83d'])('is not %j', (text) => {
    expect(isStorableText(text)).toBe(false);
  });

  it('can be made of any text, once and for all', () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const made = toStorableText(randomText(seed));
      expect(isStorableText(made)).toBe(true);
      expect(toStorableText(made)).toBe(made);
      expect(Buffer.from(made).toString()).toBe(made);
    }
  });

  it('loses NUL, and shows where a character was broken', () => {
    expect(toStorableText('a\0b\ud83dc')).toBe('ab\ufffdc');
  });
});

describe('a text that is too long', () => {
  it('is cut between characters, and no shorter than it must be', () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const text = toStorableText(randomText(seed));
      for (let maxBytes = 0; maxBytes <= 24; maxBytes++) {
        const cut = truncateUtf8(text, maxBytes);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
        const [next] = text.slice(cut.length);
        const oneMore = next === undefined ? Infinity : Buffer.byteLength(cut + next);
        expect(oneMore).toBeGreaterThan(maxBytes);
      }
    }
  });
});
