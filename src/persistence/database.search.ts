import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { assertKnown } from '../conversation/errors.js';
import {
  OwnSearch,
  type SearchHit,
  type SearchRequest,
  searchUnavailable,
} from '../conversation/own-search.js';
import { READ_WITHIN_MS, readWithin } from './bounded-read.js';
import { Database } from './database.js';
import { SEARCH } from './search.statements.js';

const BOUNDS = {
  withinMs: READ_WITHIN_MS,
  tooSlow: 'This search takes too long now; ask with fewer or rarer words, or later.',
};

interface HitRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly seq: string;
  readonly title: string | null;
  readonly snippet: string;
  readonly score: number;
}

/** Postgres's full text search, over what is archived and was never sealed. */
@Injectable()
export class DatabaseSearch extends OwnSearch {
  constructor(
    private readonly database: Database,
    private readonly environment: Environment,
  ) {
    super();
  }

  async search(
    owner: string | null,
    { words, limit }: SearchRequest,
  ): Promise<readonly SearchHit[]> {
    assertKnown(owner);
    this.assertPossible();
    const { rows } = await readWithin(this.database, BOUNDS, (client) =>
      client.query<HitRow>(SEARCH, [owner, words, limit]),
    );
    return rows.map(({ id, conversation_id: conversationId, seq, title, snippet, score }) => ({
      conversationId,
      turnId: id,
      seq: Number(seq),
      title,
      snippet,
      score,
    }));
  }

  /** @throws ServiceError search_unavailable. */
  assertPossible(): void {
    if (this.environment.encryptionKeys.length > 0) throw searchUnavailable();
  }
}
