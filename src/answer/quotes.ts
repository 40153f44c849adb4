import type { FoundPaper, PaperIndex } from './papers/paper-index.js';
import type { RankedSentence } from './papers/sentence-ranking.js';
import { termsOf } from './papers/terms.js';

// With fewer sentences an answer reads like a search result, with more like the paper itself.
const FEWEST_SENTENCES = 2;
const SENTENCES_OF_ONE_PAPER = 3;
const SENTENCES_OF_EACH_OF_TWO = 2;

// With this share 14 of the 60 answers to papers/questions.jsonl quote a second paper, 9 of these a
// right one; 58 answers quote a right paper, three more than by the first paper alone.
const ALIKE = 0.75;

/** Sentences of one paper, in the paper's order. */
export interface Quote {
  readonly found: FoundPaper;
  readonly sentences: readonly string[];
  /** The sentence that fits best. */
  readonly best: string;
}

/** Chooses among the sentences of found papers those that answer the terms. */
export class Quotes {
  constructor(
    private readonly index: PaperIndex,
    private readonly terms: ReadonlySet<string>,
    private readonly isNew: (sentence: string) => boolean,
  ) {}

  /**
   * Two to four sentences: of the best paper, or of the best two where both fit alike.
   * Fewer only when the papers have no more.
   */
  ofBest(papers: readonly FoundPaper[]): Quote[] {
    const [first, second] = papers;
    if (!first || !second || second.score < ALIKE * first.score || this.isTopicOf(first)) {
      return this.inTurn(papers);
    }
    const quotes = [first, second].flatMap((found) => this.quote(found, SENTENCES_OF_EACH_OF_TWO));
    return countOf(quotes) < FEWEST_SENTENCES ? this.inTurn(papers) : quotes;
  }

  /** Two to four sentences, staying with one paper as long as it has some. */
  inTurn(papers: readonly FoundPaper[]): Quote[] {
    const quotes: Quote[] = [];
    for (const found of papers) {
      if (countOf(quotes) >= FEWEST_SENTENCES) break;
      quotes.push(...this.quote(found, SENTENCES_OF_ONE_PAPER));
    }
    return quotes;
  }

  /** What a paper is named for, it explains best: "What is deep learning?" needs no second one. */
  private isTopicOf({ paper }: FoundPaper): boolean {
    const title = new Set(termsOf(paper.title));
    return [...this.terms].every((term) => title.has(term));
  }

  private quote(found: FoundPaper, limit: number): Quote[] {
    const chosen = this.index
      .rankSentences(found.paper, this.terms)
      .filter(({ text }) => this.isNew(text))
      .slice(0, limit);
    if (chosen.length === 0) return [];
    return [{ found, sentences: inOrder(chosen), best: chosen[0]!.text }];
  }
}

function inOrder(chosen: readonly RankedSentence[]): string[] {
  return chosen.toSorted((one, other) => one.position - other.position).map(({ text }) => text);
}

function countOf(quotes: readonly Quote[]): number {
  return quotes.reduce((sum, { sentences }) => sum + sentences.length, 0);
}
