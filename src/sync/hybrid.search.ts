import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import { OwnSearch, type SearchHit, type SearchRequest } from '../conversation/own-search.js';
import { DatabaseSearch } from '../persistence/database.search.js';
import { LateConversations } from './late-conversations.js';

/** The archive's, once what is late was brought there; what Postgres does not take now is not found. */
@Injectable()
export class HybridSearch extends OwnSearch {
  constructor(
    private readonly archived: DatabaseSearch,
    private readonly late: LateConversations,
  ) {
    super();
  }

  async search(owner: string | null, request: SearchRequest): Promise<readonly SearchHit[]> {
    assertKnown(owner);
    this.archived.assertPossible();
    await this.late.settle(owner);
    return this.archived.search(owner, request);
  }
}
