// How soon a repeated term stops counting, and how much long documents are held back: the usual
// values of Robertson and Zaragoza (2009). On papers/questions.jsonl k1 from 0.9 to 2 changes nothing.
const K1 = 1.2;
const B = 0.75;

interface Posting {
  readonly document: number;
  readonly count: number;
}

export interface Match {
  /** The document's number, in the order in which it was added. */
  readonly document: number;
  /** BM25: comparable within one query only. */
  readonly score: number;
  /** Share of the query's terms that the document holds, weighted by how rare they are: 0 to 1. */
  readonly coverage: number;
}

/** An inverted index over documents given as terms, ranked by BM25. Grows only; holds no text. */
export class Bm25 {
  private readonly postings = new Map<string, Posting[]>();
  private readonly lengths: number[] = [];
  private totalLength = 0;

  add(terms: readonly string[]): void {
    const document = this.lengths.push(terms.length) - 1;
    this.totalLength += terms.length;
    const counts = new Map<string, number>();
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
    for (const [term, count] of counts) {
      const posting = { document, count };
      const known = this.postings.get(term);
      if (known) known.push(posting);
      else this.postings.set(term, [posting]);
    }
  }

  /** How much a term says: positive, largest for a term that no document holds. */
  idf(term: string): number {
    const holders = this.postings.get(term)?.length ?? 0;
    return Math.log(1 + (this.lengths.length - holders + 0.5) / (holders + 0.5));
  }

  /** Documents with at least one of the terms, best first; equals in the order of adding. */
  rank(terms: Iterable<string>): Match[] {
    const meanLength = this.totalLength / this.lengths.length;
    const found = new Map<number, { score: number; covered: number }>();
    let asked = 0;
    for (const term of new Set(terms)) {
      const idf = this.idf(term);
      asked += idf;
      for (const { document, count } of this.postings.get(term) ?? []) {
        const sum = found.get(document) ?? { score: 0, covered: 0 };
        const length = this.lengths[document]! / meanLength;
        sum.score += (idf * count * (K1 + 1)) / (count + K1 * (1 - B + B * length));
        sum.covered += idf;
        found.set(document, sum);
      }
    }
    return [...found]
      .map(([document, { score, covered }]) => ({ document, score, coverage: covered / asked }))
      .sort((one, other) => other.score - one.score || one.document - other.document);
  }
}
