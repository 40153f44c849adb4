import { describe, expect, it } from 'vitest';
import { sentencesOf } from '../../../src/answer/papers/sentences.js';
import { termsOf } from '../../../src/answer/papers/terms.js';

describe('terms', () => {
  it('are the same for singular and plural, upper and lower case, with and without accents', () => {
    expect(termsOf('Support-Vector MACHINES')).toEqual(termsOf('support vector machine'));
    expect(termsOf('Schölkopf’s naïve théories')).toEqual(termsOf("Scholkopf's naive theory"));
  });

  it('leave out words that say nothing, contractions too', () => {
    expect(termsOf("What can't it be, and why isn’t this yours?")).toEqual([]);
  });

  it('keep names with digits, and words of scripts without spaces', () => {
    expect(termsOf('GPT-3 and word2vec')).toEqual(['gpt', '3', 'word2vec']);
    expect(termsOf('机器学习')).toEqual(['机', '机器', '器', '器学', '学', '学习', '习']);
  });

  it('treat full-width letters like ordinary ones', () => {
    expect(termsOf('ＬＳＴＭ')).toEqual(['lstm']);
  });
});

describe('sentences', () => {
  it('are not broken at abbreviations, initials, numbers and brackets', () => {
    const text =
      'Vaswani et al. (2017) report 28.4 BLEU, e.g. on WMT. Dr. A. Smith of the U.S. team disagrees ' +
      '(see Fig. 3. It is small). GPT-2 vs. GPT-3 is open.';
    expect(sentencesOf(text)).toEqual([
      'Vaswani et al. (2017) report 28.4 BLEU, e.g. on WMT.',
      'Dr. A. Smith of the U.S. team disagrees (see Fig. 3. It is small).',
      'GPT-2 vs. GPT-3 is open.',
    ]);
  });

  it.each([
    ['The U.S. Government paid. It helped.', ['The U.S. Government paid.', 'It helped.']],
    [
      'Samples are i.i.d. Gaussian ones. So what.',
      ['Samples are i.i.d. Gaussian ones.', 'So what.'],
    ],
    ['Her Ph.D. Student agrees. Good.', ['Her Ph.D. Student agrees.', 'Good.']],
    [
      'Softmax, a.k.a. Boltzmann weights, is used.',
      ['Softmax, a.k.a. Boltzmann weights, is used.'],
    ],
    ['See App. B and Thm. 3. It holds.', ['See App. B and Thm. 3.', 'It holds.']],
    [
      'He wrote "It works. It is fast." Then he left.',
      ['He wrote "It works. It is fast."', 'Then he left.'],
    ],
    [
      'It has two parts: 1. An encoder. It learns.',
      ['It has two parts: 1. An encoder.', 'It learns.'],
    ],
    ['It minimises x. The rest follows.', ['It minimises x.', 'The rest follows.']],
    ['The loss is 3.14. The gain is 2.5.', ['The loss is 3.14.', 'The gain is 2.5.']],
  ])('are whole: %s', (text, sentences) => {
    expect(sentencesOf(text)).toEqual(sentences);
  });

  it('are joined again where a line of the file ended in their middle', () => {
    expect(sentencesOf('Dropout is\na technique. It\r\nhelps.')).toEqual([
      'Dropout is a technique.',
      'It helps.',
    ]);
  });

  it('leave out headings and fragments without an end', () => {
    expect(sentencesOf('1 Introduction\n\nDropout helps. It is simp')).toEqual(['Dropout helps.']);
  });

  it('are the whole text where nothing ends like a sentence', () => {
    expect(sentencesOf('dropout, a technique')).toEqual(['dropout, a technique']);
  });

  it('lose the reference marks of their own text', () => {
    expect(sentencesOf('It works [12]. Others agree [3, 4].')).toEqual([
      'It works.',
      'Others agree.',
    ]);
  });

  it('survive a bracket that is never closed', () => {
    expect(sentencesOf('It works (mostly. Others agree.')).toHaveLength(2);
  });
});
