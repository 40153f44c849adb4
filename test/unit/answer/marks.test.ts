import { expect, it } from 'vitest';
import { citeUsed } from '../../../src/answer/marks.js';

const SOURCES = ['a', 'b', 'c'];

it.each([
  ['numbers sources in order of first use', 'X [3]. Y [1]. Z [3].', 'X [1]. Y [2]. Z [1].', 'ca'],
  ['takes groups apart', 'X [3, 1] and [2,3].', 'X [1][2] and [3][1].', 'cab'],
  ['names a source once a group', 'X [2, 2].', 'X [1].', 'b'],
  ['takes out marks of no source', 'X [9]. Y [4, 2].', 'X. Y [1].', 'b'],
  [
    'leaves years, intervals and words alone',
    'In [2017] on [0, 1], [sic].',
    'In [2017] on [0, 1], [sic].',
    '',
  ],
  [
    'leaves code alone',
    'Use `a[1]`:\n```\nb[2]\n```\nX [2].',
    'Use `a[1]`:\n```\nb[2]\n```\nX [1].',
    'b',
  ],
  ['needs no marks', 'X.', 'X.', ''],
])('%s', (_, text, cited, used) => {
  expect(citeUsed(text, SOURCES)).toEqual({ text: cited, used: Array.from(used) });
});

it('takes time in proportion to the length of the answer, whatever is in it', () => {
  for (const part of [' ', '[', '[1', '[1,', '`', '[1, 1']) {
    const startMs = performance.now();
    citeUsed(part.repeat(500_000), SOURCES);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  }
});
