import type { Inquiry } from './inquiry.js';
import type { FoundPaper, PaperIndex } from './papers/paper-index.js';

// A follow-up stays with its papers unless another one fits half as well again.
const PREFERRED_GAIN = 1.5;

/** The papers for a question, best first. A follow-up favours the papers that it leans on. */
export function retrieve(index: PaperIndex, { terms, preferred }: Inquiry): FoundPaper[] {
  const found = index.search(terms);
  if (preferred.size === 0) return found;
  return found
    .map((each) =>
      preferred.has(each.paper.id) ? { ...each, score: each.score * PREFERRED_GAIN } : each,
    )
    .sort((one, other) => other.score - one.score);
}
