import { isContentWord } from '../../language/stop-words.js';
import { wordsOf } from '../../language/words.js';
import { sentencesOf } from './sentences.js';
import { stem, termsOf } from './terms.js';

// A sentence beside a fitting one mostly goes on about the same thing without naming it again.
const NEIGHBOUR_SHARE = 0.3;

// "Dropout is a technique …" opens an answer about dropout better than a sentence that mentions it.
const DEFINITION_GAIN = 0.5;
const DEFINING_WORDS = new Set(['is', 'are', 'was', 'were', 'means']);
const SUBJECT_MAX_WORDS = 8;

export interface Sentence {
  readonly text: string;
  readonly terms: ReadonlySet<string>;
  /** Terms of what the sentence defines ("Machine learning is …"); empty when it defines nothing. */
  readonly subject: readonly string[];
}

export interface RankedSentence {
  /** Place in the paper, from 0. */
  readonly position: number;
  readonly text: string;
  readonly score: number;
}

/** A text cut into sentences and made ready for ranking. */
export function readSentences(text: string): Sentence[] {
  return sentencesOf(text).map((sentence) => ({
    text: sentence,
    terms: new Set(termsOf(sentence)),
    subject: subjectOf(sentence),
  }));
}

/** The sentences of one paper by how well they answer the terms, best first; equals in their order. */
export function rankSentences(
  sentences: readonly Sentence[],
  terms: ReadonlySet<string>,
  weigh: (term: string) => number,
): RankedSentence[] {
  const weights = sentences.map((sentence) =>
    [...terms]
      .filter((term) => sentence.terms.has(term))
      .reduce((sum, term) => sum + weigh(term), 0),
  );
  return sentences
    .map(({ text, subject }, position) => {
      const asked = subject.filter((term) => terms.has(term)).length / (subject.length || 1);
      const own = weights[position]! * (1 + DEFINITION_GAIN * asked);
      return { position, text, score: own + NEIGHBOUR_SHARE * neighbours(weights, position) };
    })
    .sort((one, other) => other.score - one.score || one.position - other.position);
}

/** The first and the last sentence count their one neighbour twice: being at the edge is no fault. */
function neighbours(weights: readonly number[], position: number): number {
  const before = weights[position - 1];
  const after = weights[position + 1];
  return (before ?? after ?? 0) + (after ?? before ?? 0);
}

function subjectOf(sentence: string): string[] {
  const words = wordsOf(sentence);
  const verb = words.findIndex((word) => DEFINING_WORDS.has(word));
  if (verb < 1 || verb > SUBJECT_MAX_WORDS) return [];
  return words.slice(0, verb).filter(isContentWord).map(stem);
}
