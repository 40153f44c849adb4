import { STOP_WORDS } from './stop-words.js';

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });

// The name of a variable or an axis: one Latin letter matches everywhere and says nothing.
const SINGLE_LETTER = /^[a-z]$/u;

/** The words of a text in order: lower case, without accents and possessive endings. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of SEGMENTER.segment(fold(text))) {
    if (isWordLike) words.push(segment.replace(/'s$/u, ''));
  }
  return words;
}

/** The terms by which texts are compared, in order and with repetitions: words without stop words, stemmed. */
export function termsOf(text: string): string[] {
  return wordsOf(text).filter(isContentWord).map(stem);
}

export function isContentWord(word: string): boolean {
  return !STOP_WORDS.has(word) && !SINGLE_LETTER.test(word);
}

/** Harman's S-stemmer (1991): plural and singular become one term, and nothing else is touched. */
export function stem(word: string): string {
  if (word.length < 4) return word;
  if (/[^ea]ies$/u.test(word)) return `${word.slice(0, -3)}y`;
  if (/[^aeo]es$/u.test(word)) return word.slice(0, -1);
  if (/[^us]s$/u.test(word)) return word.slice(0, -1);
  return word;
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/gu, '')
    .normalize('NFC')
    .replaceAll('’', "'");
}
