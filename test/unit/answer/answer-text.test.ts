import { expect, it } from 'vitest';
import { AnswerText } from '../../../src/answer/answer-text.js';
import type { AnswerPart } from '../../../src/answer/answer-engine.js';
import type { Citation } from '../../../src/conversation/turn.js';
import { randomOf } from '../../support/random.js';

const SOURCES = ['a', 'b', 'c'].map((id): Citation => ({
  id,
  title: id,
  url: '',
  snippet: '',
  score: 1,
}));

interface Drafted {
  readonly text: string;
  readonly cited: string;
  readonly cut: boolean;
}

function draft(chunks: readonly string[], maxBytes = 1_000): Drafted {
  const answer = new AnswerText(SOURCES, maxBytes);
  const parts = [...chunks.flatMap((chunk) => answer.push(chunk)), ...answer.end()];
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    cited: parts.map((part) => (part.type === 'citation' ? part.citation.id : '')).join(''),
    cut: answer.isFull,
  };
}

it.each([
  ['loses the blanks around it', [' \n\u00a0a  b\n', ' \t'], 'a  b'],
  ['loses NUL', ['a\0', '\0b'], 'ab'],
  ['keeps a character that comes in two halves', ['a\ud83d', '\ude00b'], 'a😀b'],
  ['keeps such a one with a NUL between its halves', ['a\ud83d\0', '\0', '\0\ude00b'], 'a😀b'],
  ['shows that a half is missing', ['a\ud83d', 'b\ude00', 'c\ud83d'], 'a\ufffdb\ufffdc\ufffd'],
  ['is empty when nothing but blanks and marks of no source were said', [' ', '[9]', '\n'], ''],
  ['begins with its first word, after a mark of no source', ['[9]', ' So'], 'So'],
])('an answer %s', (_, chunks, text) => {
  expect(draft(chunks)).toEqual({ text, cited: '', cut: false });
});

it.each([
  ['at a character', ['€'.repeat(9), '€'.repeat(9)], 50, '€'.repeat(16), ''],
  ['before half a character', ['€€', 'ab'], 5, '€', ''],
  ['before a mark that does not fit whole', ['a [2] b', ' [1]'], 9, 'a [1] b', 'b'],
  ['also when marks got longer', ['[1,2][3]'], 8, '[1][2]', 'ab'],
])('an answer that is too long is cut %s', (_, chunks, maxBytes, text, cited) => {
  expect(draft(chunks, maxBytes)).toEqual({ text, cited, cut: true });
});

it('is whole when it fits to the byte, whatever blanks follow', () => {
  expect(draft(['abc [1]', ' '.repeat(100)], 7)).toEqual({
    text: 'abc [1]',
    cited: 'a',
    cut: false,
  });
});

it('says a citation right before the text that holds its first mark', () => {
  const answer = new AnswerText(SOURCES, 1_000);
  const shapes = (parts: readonly AnswerPart[]) =>
    parts.map((part) => (part.type === 'citation' ? part.citation.id : part.type));
  expect(shapes(answer.push('So it is'))).toEqual(['text']);
  expect(shapes(answer.push(' said [2, 3'))).toEqual(['text']);
  expect(shapes(answer.push('], and [2].'))).toEqual(['b', 'c', 'text']);
});

it('is the same wherever the chunks end', () => {
  const random = randomOf(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const alphabet = [
    'a',
    ' ',
    '\n',
    '[',
    ']',
    '1',
    '2',
    ',',
    '`',
    '\0',
    '\ud83d',
    '\ude00',
    '€',
    '[3]',
  ];
  for (let round = 0; round < 3_000; round++) {
    const text = Array.from({ length: 40 }, () => alphabet[below(alphabet.length)]!).join('');
    const maxBytes = 1 + below(60);
    const whole = draft([text], maxBytes);
    expect(Buffer.byteLength(whole.text)).toBeLessThanOrEqual(maxBytes);
    expect(whole.text).toBe(whole.text.toWellFormed().trimStart());
    const chunks: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + below(5);
      chunks.push(text.slice(at, at + length));
      at += length;
    }
    expect({ chunks, maxBytes, ...draft(chunks, maxBytes) }).toEqual({
      chunks,
      maxBytes,
      ...whole,
    });
  }
});
