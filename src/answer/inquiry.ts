import type { HistoryTurn } from '../conversation/turn.js';
import { ASKING_WORDS, isContentWord, POINTING_WORDS } from '../language/stop-words.js';
import { wordsOf } from '../language/words.js';
import { stem } from './papers/terms.js';

// "How does it compare to recurrent networks?" leans on the last turn; a question with more words
// of its own than these two says what it is about, and its "it" is mostly grammar ("Is it true that").
const MOST_OWN_TERMS_OF_A_FOLLOW_UP = 2;

/** What a question asks for, with what it takes over from earlier turns. */
export interface Inquiry {
  readonly terms: ReadonlySet<string>;
  /** The question has no topic of its own ("Tell me more about that"): it wants more of the last answer. */
  readonly continues: boolean;
  /** Ids of the papers that a follow-up leans on; empty when the question stands by itself. */
  readonly preferred: ReadonlySet<string>;
}

/** Reads a question against the turns before it, oldest first. */
export function readInquiry(query: string, history: readonly HistoryTurn[]): Inquiry {
  const words = wordsOf(query);
  const own = new Set(words.filter(isTopicWord).map(stem));
  const last = history.at(-1);
  if (last === undefined || !leansBack(words, own)) {
    return { terms: own, continues: false, preferred: new Set() };
  }
  // The last turn may itself have been a follow-up: its topic is the one that it took over.
  const before = readInquiry(last.question, history.slice(0, -1));
  return {
    terms: new Set([...own, ...before.terms]),
    continues: own.size === 0,
    preferred: new Set(before.continues ? [...last.sources, ...before.preferred] : last.sources),
  };
}

function leansBack(words: readonly string[], own: ReadonlySet<string>): boolean {
  if (own.size === 0) return true;
  if (own.size > MOST_OWN_TERMS_OF_A_FOLLOW_UP) return false;
  // In "What is attention and how does it work?" the question itself says what "it" is.
  const opening = words.slice(0, words.findIndex(isTopicWord));
  return opening.some((word) => POINTING_WORDS.has(word));
}

function isTopicWord(word: string): boolean {
  return isContentWord(word) && !ASKING_WORDS.has(word);
}
