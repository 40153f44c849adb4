import { stem } from 'porter2';
import { isContentWord } from '../language/stop-words.js';
import { wordsOf } from '../language/words.js';
import { BoundedCache } from './bounded-cache.js';
import { dayTerms, takeDates } from './date-terms.js';
import type { EarlierTurn } from '../conversation/turn.js';

/** What ranking knows of a turn. */
export interface TurnTerms {
  /** How often each term occurs; the dates of the turn are terms too. */
  readonly counts: ReadonlyMap<string, number>;
  /** Content words, repeated ones too, without dates. */
  readonly length: number;
}

// A topic shows long before; reading on would only hold up the event loop. So many take 2 ms in English,
// and 10 ms in Chinese.
const MOST_CHARACTERS_READ = 10_000;
// Some 20 MB: the terms of about 4,000 answers, or of 15,000 chat messages.
const MOST_TERMS_KEPT = 250_000;

/** The terms of turns, by turn id: a turn never changes, so each is read once. */
export class TurnTermsCache {
  private readonly cache = new BoundedCache<TurnTerms>(
    MOST_TERMS_KEPT,
    ({ counts }) => counts.size,
  );

  // Those of who holds the turn right now: also of a turn without an id, and of more turns than are kept.
  private readonly held = new WeakMap<EarlierTurn, TurnTerms>();

  of(turn: EarlierTurn): TurnTerms {
    const terms = this.held.get(turn) ?? this.cache.get(turn.id, () => readTurn(turn));
    this.held.set(turn, terms);
    return terms;
  }
}

function readTurn({ question, answer, createdAt }: EarlierTurn): TurnTerms {
  const texts = [question, answer].map((text) => takeDates(beginningOf(text)));
  const words = texts.flatMap(({ rest }) => contentWordsOf(rest));
  const days = createdAt === undefined ? [] : dayTerms(createdAt);
  const counts = new Map<string, number>();
  for (const term of [...words.map(stem), ...texts.flatMap(({ dates }) => dates), ...days]) {
    counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return { counts, length: words.length };
}

/** As much of a text as is read. */
export function beginningOf(text: string): string {
  return text.slice(0, MOST_CHARACTERS_READ);
}

/** The words that say something, in order. */
export function contentWordsOf(text: string): string[] {
  return wordsOf(text).filter(isContentWord);
}
