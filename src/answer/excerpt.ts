import type { Paper } from './papers/paper.js';
import type { PaperIndex } from './papers/paper-index.js';

// A whole note of the kind that ships has some 1,500 characters; four of these are 2,000 tokens.
const EXCERPT_MAX_CHARACTERS = 2_000;

export interface Excerpt {
  /** The sentences that fit the terms best, in the paper's order. */
  readonly excerpt: string;
  /** The one that fits best of all. */
  readonly best: string;
}

/** As much of a paper as a prompt has room for. */
export function excerptOf(paper: Paper, terms: ReadonlySet<string>, index: PaperIndex): Excerpt {
  const ranked = index.rankSentences(paper, terms);
  let room = EXCERPT_MAX_CHARACTERS;
  const fitting = ranked.filter(({ text }) => {
    const fits = text.length < room;
    if (fits) room -= text.length + 1;
    return fits;
  });
  const inOrder = fitting.toSorted((one, other) => one.position - other.position);
  return { excerpt: inOrder.map(({ text }) => text).join(' '), best: ranked[0]?.text ?? '' };
}
