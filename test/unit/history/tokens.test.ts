import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CountTokens, estimateTokens, loadTokenizer } from '../../../src/history/tokens.js';

const TEXTS = [
  '',
  'Dropout is a technique for reducing overfitting in neural networks.',
  'don’t 3.14 C++  \n\n\t{"a": [1, 2]}',
  '注意力机制让模型关注输入的不同部分。',
  'Пример текста на русском языке',
  '👩‍🔬👍🏽 é ñ',
];

describe('counting tokens', () => {
  let count: CountTokens;
  beforeAll(async () => {
    count = await loadTokenizer();
  });

  it.each(TEXTS)('gives what the tokenizer gives: %j', (text) => {
    expect(count(text)).toBe(countTokens(text));
    expect(count(text.repeat(5))).toBe(countTokens(text.repeat(5)));
  });

  it('takes a special token for the words that it is made of', () => {
    expect(count('What does <|endoftext|> mean?')).toBeGreaterThan(5);
  });

  it.each(['论', 'a', '=', ' ', '𝒳', 'ab', '論a', '\u0301', '👍', '/\n', '/\r\n'])(
    'is not held up by a run that nothing interrupts: %j',
    (piece) => {
      const before = process.cpuUsage();
      expect(count(piece.repeat(50_000))).toBeGreaterThan(0);
      // Takes 20 ms, and without the cut 15 s or more.
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
    },
  );

  it.each([TEXTS[1]!, TEXTS[3]!, TEXTS[4]!])(
    'is estimated within a factor of two where there is no tokenizer: %s',
    (prose) => {
      const text = prose.repeat(10);
      expect(estimateTokens(text) / count(text)).toBeGreaterThan(0.5);
      expect(estimateTokens(text) / count(text)).toBeLessThan(2);
    },
  );
});
