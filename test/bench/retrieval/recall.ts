import { readInquiry } from '../../../src/answer/inquiry.js';
import type { PaperIndex } from '../../../src/answer/papers/paper-index.js';
import { retrieve } from '../../../src/answer/retrieval.js';
import type { PaperQuestion } from './questions.js';

export interface Recall {
  /** Questions for which one of the right papers is among the first so many. */
  readonly found: number;
  /** Share of the right papers that is among them, as a mean over the questions. */
  readonly recall: number;
  readonly missed: readonly string[];
}

/** How well retrieval does, looking at the first papers of each question. */
export function recallAt(
  first: number,
  index: PaperIndex,
  questions: readonly PaperQuestion[],
): Recall {
  const shares = questions.map(({ question, papers }) => {
    const ids = retrieve(index, readInquiry(question, [])).map(({ paper }) => paper.id);
    const top = new Set(ids.slice(0, first));
    return papers.filter((id) => top.has(id)).length / papers.length;
  });
  return {
    found: shares.filter((share) => share > 0).length,
    recall: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    missed: questions
      .filter((_, position) => shares[position] === 0)
      .map(({ question }) => question),
  };
}
