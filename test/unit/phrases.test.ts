import { describe, expect, it } from 'vitest';
import { phrasesOf } from '../../src/language/phrases.js';

const labels = (question: string) => phrasesOf(question).map(({ label }) => label);
const terms = (question: string) => phrasesOf(question).map(({ term }) => term);

describe('the phrases of a question', () => {
  it.each([
    ['What is machine learning?', ['machine learning', 'machine', 'learning']],
    ['What is dropout?', ['dropout']],
    ['Café or tea: which calms?', ['cafe', 'tea', 'calms']],
    ['Why?', []],
    ['Tell me more about that', []],
    ['', []],
  ])('of "%s"', (question, expected) => {
    expect(labels(question)).toEqual(expected);
  });

  it('are the same for all inflections, and in capitals', () => {
    expect(terms('NEURAL NETWORKS')).toEqual(terms('a neural network'));
  });

  it('do not reach over punctuation or a word that says nothing', () => {
    expect(labels('attention, transformers')).not.toContain('attention transformers');
    expect(labels('attention in transformers')).not.toContain('attention transformers');
  });

  it('hold no numbers, names with numbers, addresses or links', () => {
    const question = 'Mail s1234567 or anna42@x9.org 555-1234 about 3.5 of https://a1.b2/c3?d=4';
    for (const label of labels(question)) expect(label).toMatch(/^[a-z]+( [a-z]+)?$/);
    expect(labels(question).join(' ')).not.toMatch(/\d|anna/);
  });

  it('are pairs of characters where words are not parted', () => {
    expect(labels('机器学习')).toEqual(['机器', '器学', '学习']);
  });

  it('are eight at most, and each once', () => {
    const long = Array.from({ length: 5000 }, (_, index) => `word${'abcdefghij'[index % 10]}`);
    expect(phrasesOf(long.join(' '))).toHaveLength(8);
    expect(labels('dropout and dropout, Dropout')).toEqual(['dropout']);
  });

  it('take time in proportion to nothing but a bounded beginning', () => {
    for (const text of ["'", '-', 'a', '学', 'a ', "a'", '. ']) {
      expect(phrasesOf(text.repeat(100_000)).length).toBeLessThanOrEqual(8);
    }
  });
});
