import { isContentWord } from '../../language/stop-words.js';
import { wordsOf } from '../../language/words.js';

/** The terms by which texts are compared, in order and with repetitions: words without stop words, stemmed. */
export function termsOf(text: string): string[] {
  return wordsOf(text).filter(isContentWord).map(stem);
}

/** Harman's S-stemmer (1991): plural and singular become one term, and nothing else is touched. */
export function stem(word: string): string {
  if (word.length < 4) return word;
  if (/[^ea]ies$/u.test(word)) return `${word.slice(0, -3)}y`;
  if (/[^aeo]es$/u.test(word)) return word.slice(0, -1);
  if (/[^us]s$/u.test(word)) return word.slice(0, -1);
  return word;
}
