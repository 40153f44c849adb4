/** One paper note: what the answers are made from. */
export interface Paper {
  /** For example `vaswani-2017`: what `sources` names. */
  readonly id: string;
  readonly title: string;
  readonly authors: readonly string[];
  readonly year: number;
  readonly url: string;
  /** Plain prose; every sentence can be quoted by itself. */
  readonly text: string;
}

/** Where the paper notes are kept. */
export abstract class PaperShelf {
  abstract all(): Promise<readonly Paper[]>;
  /** Changes when `all()` would give something else, so that an index is rebuilt only then. */
  abstract version(): Promise<string>;
}

/** Where imported papers go: `put` adds new ids and replaces known ones. */
export interface PaperStore {
  put(papers: readonly Paper[]): Promise<{ readonly added: number; readonly updated: number }>;
}
