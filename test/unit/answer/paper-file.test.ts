import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../src/answer/papers/lines.js';
import type { Paper } from '../../../src/answer/papers/paper.js';
import { readPaperLine } from '../../../src/answer/papers/paper-file.js';
import { describeImport, importPapers } from '../../../src/answer/papers/paper-import.js';

const PAPER: Paper = {
  id: 'smith-2020',
  title: 'A title',
  authors: ['A. Smith'],
  year: 2020,
  url: 'https://example.org/paper',
  text: 'It works.',
};

describe('a line of a paper file', () => {
  it('is a paper when every field is right, and unknown fields are dropped', () => {
    expect(readPaperLine(JSON.stringify({ ...PAPER, extra: 1 }))).toEqual({ paper: PAPER });
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    [JSON.stringify({ ...PAPER, id: 'two words' }), 'id:'],
    [JSON.stringify({ ...PAPER, title: ' ' }), 'title:'],
    [JSON.stringify({ ...PAPER, authors: 'A. Smith' }), 'authors:'],
    [JSON.stringify({ ...PAPER, year: '2020' }), 'year:'],
    [JSON.stringify({ ...PAPER, url: 'javascript:alert(1)' }), 'url:'],
    [JSON.stringify({ ...PAPER, text: 'a\u0000b' }), 'text:'],
    [JSON.stringify({ ...PAPER, text: 'a\ud800b' }), 'text:'],
    [JSON.stringify({ ...PAPER, text: 'x'.repeat(20_001) }), 'text:'],
    [JSON.stringify({ ...PAPER, text: undefined }), 'text:'],
  ])('is refused with a reason that names the field: %.40s', (line, reason) => {
    expect(readPaperLine(line).reason).toMatch(new RegExp(`^${reason}`, 'u'));
  });
});

describe('an import', () => {
  it('stores good lines in batches, counts bad ones and names the first of them', async () => {
    const lines = Array.from({ length: 450 }, (_, position) =>
      JSON.stringify({ ...PAPER, id: `paper-${position}` }),
    );
    lines.splice(3, 0, '{"id": 1}', '');
    const batches: number[] = [];
    const report = await importPapers(asLines(lines), {
      put: async (papers) => {
        batches.push(papers.length);
        return { added: papers.length - 1, updated: 1 };
      },
    });
    expect(batches).toEqual([200, 200, 50]);
    expect(describeImport(report)).toBe(
      'imported 450 papers (447 new, 3 updated), 1 bad line\n' +
        '  line 4: id: 1 to 200 letters, digits and . _ : / -, beginning with a letter or digit',
    );
  });

  it('keeps the last of several lines with one id, so that a batch never holds an id twice', async () => {
    const stored: Paper[] = [];
    const twice = [PAPER, { ...PAPER, title: 'A better title' }].map((each) =>
      JSON.stringify(each),
    );
    await importPapers(asLines(twice), {
      put: async (papers) => {
        stored.push(...papers);
        return { added: papers.length, updated: 0 };
      },
    });
    expect(stored).toEqual([{ ...PAPER, title: 'A better title' }]);
  });

  it('lists ten bad lines and says how many more there are', async () => {
    const report = await importPapers(asLines(Array.from({ length: 25 }, () => '?')), {
      put: async () => ({ added: 0, updated: 0 }),
    });
    const lines = describeImport(report).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe('  and 15 more');
  });
});

describe('the lines of a file', () => {
  const read = async (...pieces: string[]): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of linesOf(asLines(pieces))) lines.push(line);
    return lines;
  };

  it('are the same wherever the pieces end, without the mark some editors put in front', async () => {
    expect(await read('\uFEFFone\ntw', 'o\n', '\nthree')).toEqual(['one', 'two', '', 'three']);
  });

  it('are cut when one has no end, and the next is read all the same', async () => {
    const endless = Array.from({ length: 40 }, () => 'x'.repeat(100_000));
    const lines = await read(...endless, '\nnext\n');
    expect(lines.map((line) => line.length)).toEqual([1_000_000, 4]);
  });
});

async function* asLines(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
