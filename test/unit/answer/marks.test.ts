import { expect, it } from 'vitest';
import { Marks } from '../../../src/answer/marks.js';

const SOURCES = ['a', 'b', 'c'];

interface Cited {
  readonly text: string;
  readonly used: string;
}

function cite(...chunks: readonly string[]): Cited {
  const marks = new Marks(SOURCES);
  const pieces = [...chunks.flatMap((chunk) => marks.push(chunk)), ...marks.end()];
  return {
    text: pieces.map(({ text }) => text).join(''),
    used: pieces.flatMap(({ newSources }) => newSources).join(''),
  };
}

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
  [
    'takes a backtick that is never closed for what it is',
    'A ` [2].\nB [3].',
    'A ` [1].\nB [2].',
    'bc',
  ],
  ['leaves code alone whose end was cut off', 'X [2].\n```\na[1]', 'X [1].\n```\na[1]', 'b'],
  ['takes a long run of numbers for no mark', `[${'1,'.repeat(99)}1]`, `[${'1,'.repeat(99)}1]`, ''],
  ['keeps blanks and brackets', ' [ [[1] ]  ', ' [ [[1] ]  ', 'a'],
  ['needs no marks', 'X.', 'X.', ''],
])('%s, wherever the chunks end', (_, text, cited, used) => {
  expect(cite(text)).toEqual({ text: cited, used });
  expect(cite(...text.split(''))).toEqual({ text: cited, used });
  for (let at = 1; at < text.length; at++) {
    expect(cite(text.slice(0, at), text.slice(at))).toEqual({ text: cited, used });
  }
});

it('holds back no more than what may be a mark or code', () => {
  const marks = new Marks(SOURCES);
  const said = (chunk: string) => marks.push(chunk).map(({ text }) => text);
  expect(said('So it is')).toEqual(['So it is']);
  expect(said(' said [')).toEqual([' said']);
  expect(said('2')).toEqual([]);
  expect(said('] by')).toEqual([' [1]', ' by']);
  expect(said(' [a')).toEqual([' [a']);
});

it('takes time in proportion to the length of the answer, whatever is in it', () => {
  for (const part of [' ', '[', '[1', '[1,', '`', '`a', '[1, 1', '```']) {
    const before = process.cpuUsage();
    cite(part.repeat(200_000));
    cite(...Array<string>(50_000).fill(part));
    expect(process.cpuUsage(before).user / 1000, 'milliseconds of this process').toBeLessThan(
      2_000,
    );
  }
});
