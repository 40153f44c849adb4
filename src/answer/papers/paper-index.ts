import { setImmediate } from 'node:timers/promises';
import { Bm25 } from './bm25.js';
import type { Paper } from './paper.js';
import {
  type RankedSentence,
  rankSentences,
  readSentences,
  type Sentence,
} from './sentence-ranking.js';
import { termsOf } from './terms.js';

// Reading a note takes 1 to 2 ms; between such slices other requests get their turn.
const PAPERS_PER_SLICE = 4;

export interface FoundPaper {
  readonly paper: Paper;
  /** BM25: comparable within one search only. */
  readonly score: number;
  /** Share of the question's terms that the paper holds, weighted by how rare they are: 0 to 1. */
  readonly coverage: number;
}

/** Papers made searchable. Never changes: a new version of the shelf gets a new index. */
export class PaperIndex {
  private readonly bm25 = new Bm25();
  // Read when first quoted: cutting a note into sentences takes longer than finding it among all.
  private readonly sentences = new Map<string, readonly Sentence[]>();

  private constructor(private readonly papers: readonly Paper[]) {}

  static async of(papers: readonly Paper[]): Promise<PaperIndex> {
    const index = new PaperIndex(papers);
    for (const [position, paper] of papers.entries()) {
      if (position % PAPERS_PER_SLICE === PAPERS_PER_SLICE - 1) await setImmediate();
      index.bm25.add(termsOfPaper(paper));
    }
    return index;
  }

  /** Papers with at least one of the terms, best first. */
  search(terms: Iterable<string>): FoundPaper[] {
    return this.bm25
      .rank(terms)
      .map(({ document, ...match }) => ({ paper: this.papers[document]!, ...match }));
  }

  /** A paper's sentences by how well they answer the terms, best first. */
  rankSentences(paper: Paper, terms: ReadonlySet<string>): RankedSentence[] {
    let sentences = this.sentences.get(paper.id);
    if (!sentences) {
      sentences = readSentences(paper.text);
      this.sentences.set(paper.id, sentences);
    }
    return rankSentences(sentences, terms, (term) => this.bm25.idf(term));
  }
}

function termsOfPaper({ title, authors, year, text }: Paper): string[] {
  return termsOf([title, ...authors, String(year), text].join(' '));
}
