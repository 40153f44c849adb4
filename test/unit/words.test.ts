import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../src/language/words.js';

describe('words', () => {
  it('are lower case, without accents and possessive endings', () => {
    expect(wordsOf('Schölkopf’s naïve THÉORIES')).toEqual(['scholkopf', 'naive', 'theories']);
  });

  it('keep their apostrophes and decimal points', () => {
    expect(wordsOf("They don't pay 3.14, or 1,000.")).toEqual([
      'they',
      "don't",
      'pay',
      '3.14',
      'or',
      '1,000',
    ]);
  });

  it('are characters and pairs of them where a script has no spaces', () => {
    expect(wordsOf('GPT模型很')).toEqual(['gpt', '模', '模型', '型', '型很', '很']);
    expect(wordsOf('𠮷野家')).toEqual(['𠮷', '𠮷野', '野', '野家', '家']);
  });

  it('are none in what has no letters', () => {
    expect(wordsOf(' …!? 👍 \n')).toEqual([]);
  });
});
