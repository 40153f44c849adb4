import { notInThisMode, ServiceError } from './errors.js';

export interface SearchRequest {
  readonly words: string;
  readonly limit: number;
}

/** A turn that has some of the words, or the first one of a conversation whose title has. */
export interface SearchHit {
  readonly conversationId: string;
  readonly turnId: string;
  readonly seq: number;
  readonly title: string | null;
  /** Marked, see snippet.ts. */
  readonly snippet: string;
  readonly score: number;
}

/** Finds words in a user's own titles, questions and answers. */
export abstract class OwnSearch {
  /** The best hits first. @throws forbidden, not_in_this_mode, search_unavailable, storage_unavailable. */
  abstract search(owner: string | null, request: SearchRequest): Promise<readonly SearchHit[]>;
}

export const searchUnavailable = (): ServiceError =>
  new ServiceError(
    'search_unavailable',
    'Contents are encrypted here, and the server cannot look into them.',
  );

/** Where nothing is archived as it comes. */
export class NoSearch extends OwnSearch {
  async search(): Promise<readonly SearchHit[]> {
    throw notInThisMode('Searching');
  }
}
