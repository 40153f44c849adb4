import { toStorableText } from '../conversation/text.js';
import type { Citation } from '../conversation/turn.js';
import type { FoundPaper } from './papers/paper-index.js';

const SNIPPET_MAX_CHARACTERS = 300;

/** Names a paper as a source; `sentence` is what it is quoted with. */
export function citationOf({ paper, coverage }: FoundPaper, sentence: string): Citation {
  return {
    id: paper.id,
    title: paper.title,
    url: paper.url,
    snippet: shorten(sentence),
    score: Math.round(coverage * 100) / 100,
  };
}

function shorten(sentence: string): string {
  if (sentence.length <= SNIPPET_MAX_CHARACTERS) return sentence;
  const head = toStorableText(sentence.slice(0, SNIPPET_MAX_CHARACTERS - 1));
  const lastSpace = head.lastIndexOf(' ');
  return `${lastSpace > 0 ? head.slice(0, lastSpace) : head}…`;
}
