import { describe, expect, it } from 'vitest';
import { phrasesOf } from '../../src/language/phrases.js';

const labels = (question: string) => phrasesOf(question).map(({ label }) => label);
const terms = (question: string) => phrasesOf(question).map(({ term }) => term);

describe('the phrases of a question', () => {
  it.each([
    ['What is machine learning?', ['machine learning', 'machine', 'learning']],
    ['What is dropout?', ['dropout']],
    ['What is AI?', ['ai']],
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

  it('hold no numbers and no names with numbers', () => {
    const question = 'Mail s1234567 or anna42 555-1234 about 3.5 of b2c';
    expect(labels(question)).toEqual(['mail']);
  });

  it.each([
    'anna.smith@example.org',
    '<Anna.Smith@example.org>',
    '@anna',
    'https://example.org/invite/secret-garden?of=anna',
    '(see:HTTPS://example.org/secret-garden)',
    'www.example.org,',
    'example.org/invite/secret-garden',
  ])('hold nothing of the address %s, and do not reach over it', (address) => {
    expect(labels(`Graph ${address} dropout`)).toEqual(['graph', 'dropout']);
  });

  it('hold what only looks like an address', () => {
    expect(labels('Precision/recall: which metric?')).toContain('recall');
    expect(labels('Is this attention.Transformers too?')).toContain('transformers');
  });

  it('are pairs of characters where words are not parted', () => {
    expect(labels('机器学习')).toEqual(['机器', '器学', '学习']);
  });

  it('are eight at most, and each once', () => {
    const long = Array.from({ length: 5000 }, (_, index) => `word${'abcdefghij'[index % 10]}`);
    expect(phrasesOf(long.join(' '))).toHaveLength(8);
    expect(labels('dropout and dropout, Dropout')).toEqual(['dropout']);
  });

  it('are of the beginning of a very long question, however long it is', () => {
    const asked = 'dropout' + ' or'.repeat(600);
    expect(labels(`${asked} attention`)).toEqual(['dropout', 'attention']);
    expect(labels(`${asked.padEnd(2000)} attention`)).toEqual(['dropout']);
  });

  it('take little time whatever a question is made of', () => {
    for (const text of ["'", '-', 'a', '学', 'a ', "a'", '. ', '@', 'a.', 'w.', ':/', '\uFDFA']) {
      expect(phrasesOf(text.repeat(100_000)).length).toBeLessThanOrEqual(8);
    }
  });
});
