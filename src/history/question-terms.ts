import { stem } from 'porter2';
import { ASKING_WORDS, POINTING_WORDS } from '../language/stop-words.js';
import { unspacedPairsOf, wordsOf } from '../language/words.js';
import { takeDates } from './date-terms.js';
import type { EarlierTurn } from '../conversation/turn.js';
import { beginningOf, contentWordsOf } from './turn-terms.js';

// Words that shape a question and never answer it.
const QUESTION_WORDS = new Set(
  'kind kinds type types many much long often old likely mention mentioned talk tell told name named'.split(
    ' ',
  ),
);
// "work", "start", "people": they ask as often as they name something.
const ASKING_WEIGHT = 0.5;

// "What did she say about it?" leans on the last turn; a question with more words of its own does not.
const MOST_OWN_TERMS_OF_A_FOLLOW_UP = 2;
const BORROWED_WEIGHT = 0.5;
// A turn says first what it is about.
const CHARACTERS_LENT = 1000;
// Each is looked for in each turn. A question of one line has no more.
const MOST_FRAGMENTS = 30;

/** What a question asks for. */
export interface AskedTerms {
  /** Terms with their weights. */
  readonly weights: ReadonlyMap<string, number>;
  /** Some are the last turn's own, which therefore holds them, relevant or not. */
  readonly borrowed: boolean;
}

/** Reads a question; one that has hardly a word of its own borrows the last turn's. */
export function readQuestion(question: string, turns: readonly EarlierTurn[]): AskedTerms {
  const text = beginningOf(question);
  const weights = weightsOf(text);
  const lent = lentTo(text, weights, turns);
  for (const [term, weight] of weightsOf(lent)) {
    if (!weights.has(term)) weights.set(term, weight * BORROWED_WEIGHT);
  }
  return { weights, borrowed: lent !== '' };
}

/** What a full-text search looks for, in place of the terms that ranking reads. */
export function readForSearch(
  question: string,
  turns: readonly EarlierTurn[],
): { text: string; fragments: string[] } {
  const own = beginningOf(question);
  const text = `${own}\n${lentTo(own, weightsOf(own), turns)}`;
  const pairs = new Set(unspacedPairsOf(text));
  return { text, fragments: [...pairs].slice(0, MOST_FRAGMENTS) };
}

function lentTo(
  text: string,
  weights: AskedTerms['weights'],
  turns: readonly EarlierTurn[],
): string {
  const last = turns.at(-1);
  if (!last || !leansBack(text, weights)) return '';
  return `${last.question}\n${last.answer}`.slice(0, CHARACTERS_LENT);
}

function weightsOf(text: string): Map<string, number> {
  const { dates, rest } = takeDates(text);
  const weights = new Map<string, number>();
  for (const word of contentWordsOf(rest)) {
    if (QUESTION_WORDS.has(word)) continue;
    weights.set(stem(word), ASKING_WORDS.has(word) ? ASKING_WEIGHT : 1);
  }
  for (const term of dates) weights.set(term, 1);
  return weights;
}

function leansBack(text: string, weights: AskedTerms['weights']): boolean {
  const own = [...weights.values()].filter((weight) => weight === 1).length;
  if (own === 0) return true;
  return (
    own <= MOST_OWN_TERMS_OF_A_FOLLOW_UP && wordsOf(text).some((word) => POINTING_WORDS.has(word))
  );
}
