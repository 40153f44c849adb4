import { stem } from 'porter2';
import { ASKING_WORDS, isContentWord, POINTING_WORDS } from './stop-words.js';
import { isUnspacedPair, wordsOf } from './words.js';

/** A word, or two neighbours, that say what a question is about. */
export interface Phrase {
  /** The same for all inflections. */
  readonly term: string;
  /** As it was written, but for capitals and accents. */
  readonly label: string;
}

// All of a usual question. A longer one has said by then what it is about.
const MOST_PHRASES = 8;
const MOST_CHARACTERS_READ = 2000;

// Of mail, of the web, or of somebody: never a topic, and what they hold may be a secret.
const ADDRESS = /[@＠]|:\/\/|\bwww\.|\p{L}\.\p{L}+\//iu;
// What stands on either side is no neighbour.
const BETWEEN_CLAUSES = /[^\p{L}\p{N}\p{M}\s'’-]+/u;
// Numbers, and names with numbers in them, are of one person's task rather than of a topic.
const TOPIC_WORD = /^\p{L}[\p{L}\p{M}']{1,29}$/u;

/** The phrases of a question, each once, in the order of its words; those of two words first. */
export function phrasesOf(question: string): Phrase[] {
  const read = question.slice(0, MOST_CHARACTERS_READ);
  const spoken = read.replace(/\S+/gu, (part) => (ADDRESS.test(part) ? ',' : part));
  const runs = spoken.split(BETWEEN_CLAUSES).flatMap(runsOf);
  const pairs = runs.flatMap((run) => run.slice(1).map((word, index) => [run[index]!, word]));
  const phrases = [...pairs, ...runs.flat().map((word) => [word])].map(phraseOf);
  const byTerm = new Map(phrases.toReversed().map((phrase) => [phrase.term, phrase]));
  return [...new Set(phrases.map(({ term }) => term))]
    .slice(0, MOST_PHRASES)
    .map((term) => byTerm.get(term)!);
}

/** Words that say something, as far as they follow directly on one another. */
function runsOf(clause: string): string[][] {
  const runs: string[][] = [];
  let run: string[] = [];
  const end = () => {
    if (run.length > 0) runs.push(run);
    run = [];
  };
  for (const word of wordsOf(clause)) {
    // Pairs of characters overlap: each is a word by itself.
    if (isUnspacedPair(word)) runs.push([word]);
    else if (saysWhat(word)) run.push(word);
    else end();
  }
  end();
  return runs;
}

const saysWhat = (word: string): boolean =>
  TOPIC_WORD.test(word) &&
  isContentWord(word) &&
  !ASKING_WORDS.has(word) &&
  !POINTING_WORDS.has(word);

/** The words of a label, without what inflects them. */
export const stemsOf = (label: string): string[] => label.split(' ').map(stem);

function phraseOf(words: readonly string[]): Phrase {
  const label = words.join(' ');
  return { term: stemsOf(label).join(' '), label };
}
