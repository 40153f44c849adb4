import fc from 'fast-check';

/** Stands for the id of a conversation that there is; which one, is known when the request is sent. */
export const KNOWN_ID = 'a-known-conversation';

const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff and more',
  '\ufeff',
  '\u202edesrever',
  '🧑‍🚀'.repeat(300),
  'x'.repeat(8001),
  'x'.repeat(70_000),
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "'; drop table papers; --",
  '${7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '%00%ff%zz',
  '<|endoftext|>',
  '漢'.repeat(4000),
  'null',
  '-1',
  '1e999',
];

/** Texts that a person would never write. */
export const oddText = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...ODD_TEXTS),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    // Half surrogates and all.
    fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  );

export const id = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(KNOWN_ID) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: oddText() },
  );

const ODD_NUMBERS = [0, -0, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 63, 1e308, -1e308, 5e-324];

/** Any value that JSON knows, the odd ones first. */
export const oddValue = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    oddText(),
    fc.constantFrom<unknown>(null, true, false, [], {}, [[]], ...ODD_NUMBERS),
    fc.nat(20).map(nested),
    fc.jsonValue({ maxDepth: 4 }),
    fc.dictionary(fc.oneof(oddText(), fc.constant('__proto__')), fc.jsonValue({ maxDepth: 1 })),
  );

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}
