import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { open, placeOf, seal } from '../../../src/crypto/sealed-text.js';

const key = createSecretKey(randomBytes(32));
const place = placeOf('conversation', 'turn', 'question');
const sealed = (text: string) => seal(key, Buffer.from(text), place);
const opened = (text: string, where = place, by = key) => open(by, text, where).toString();
const OTHERS = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.concat('+/= \né'),
);

describe('a sealed text', () => {
  it.each([
    ['an empty one', ''],
    ['one with emoji', '👩‍🔬 «论文» 𝒳 \n\u2028"\\'],
    ['one of a megabyte', 'long '.repeat(200_000)],
  ])('opens as it was: %s', (_, text) => {
    expect(opened(sealed(text))).toBe(text);
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => sealed('the same'))).size).toBe(100);
  });

  it('is refused whichever bit of it is flipped', () => {
    const bytes = Buffer.from(sealed('An answer of some length.'), 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[index]! ^= 1 << bit;
        expect(() => opened(changed.toString('base64url')), `byte ${index}`).toThrow();
      }
    }
  });

  it.each(['', 'a', 'ab', 'abc'])(
    'is refused whichever character of it is another: "%s"',
    (text) => {
      const whole = sealed(text);
      for (let index = 0; index < whole.length; index++) {
        for (const other of OTHERS) {
          if (other === whole[index]) continue;
          const changed = whole.slice(0, index) + other + whole.slice(index + 1);
          expect(() => opened(changed), `character ${index}: ${other}`).toThrow();
        }
      }
    },
  );

  it.each(['=', '==', ' ', '\n', 'A', 'AAAA'])('is refused with "%s" behind it', (more) => {
    expect(() => opened(sealed('a') + more)).toThrow();
  });

  it('is refused when it is cut, however short its tag is then', () => {
    const bytes = Buffer.from(sealed('a'), 'base64url');
    for (let length = 0; length < bytes.length; length++) {
      expect(() => opened(bytes.subarray(0, length).toString('base64url'))).toThrow();
    }
  });

  it('opens in its own place alone, and with its own key alone', () => {
    const text = sealed('a');
    for (const other of [
      placeOf('another conversation', 'turn', 'question'),
      placeOf('conversation', 'another turn', 'question'),
      placeOf('conversation', 'turn', 'answer'),
      placeOf('conversation', 'turn'),
    ]) {
      expect(() => opened(text, other)).toThrow();
    }
    expect(() => opened(text, place, createSecretKey(randomBytes(32)))).toThrow();
  });
});

it('no two places look alike, whatever they are called', () => {
  const names = ['', '"', ',', '","', 'a', 'a","b', 'b', '[', '\\', '\\"'];
  const lists = names.flatMap((one) => [
    [one],
    ...names.flatMap((two) => [[one, two], ...names.map((three) => [one, two, three])]),
  ]);
  const places = new Set(lists.map((list) => placeOf(...list).toString()));
  expect(places.size).toBe(lists.length);
});

it('a text of another version of the format is refused', () => {
  const other = Buffer.from(place.toString().replace('"1"', '"2"'));
  expect(other).not.toEqual(place);
  expect(() => opened(seal(key, Buffer.from('a'), other))).toThrow();
});
