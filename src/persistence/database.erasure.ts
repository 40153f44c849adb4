import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import {
  type ErasedEverything,
  ErasureTally,
  OwnerErasure,
} from '../conversation/owner-erasure.js';
import { ArchiveErasure } from './archive-erasure.js';
import { OwnerErasures } from './owner-erasures.js';

/** Postgres alone. */
@Injectable()
export class DatabaseErasure extends OwnerErasure {
  constructor(
    private readonly archive: ArchiveErasure,
    private readonly owners: OwnerErasures,
  ) {
    super();
  }

  mark(owner: string): Promise<string | null> {
    return this.owners.mark(owner);
  }

  async eraseAll(owner: string | null): Promise<ErasedEverything> {
    assertKnown(owner);
    await this.owners.note(owner);
    const tally = new ErasureTally();
    for (;;) {
      const doomed = await this.owners.next(owner);
      if (doomed.length === 0) return tally;
      const { conversationIds, turnIds } = await this.archive.erase(doomed, owner);
      tally.add({ conversations: conversationIds.length, turns: turnIds.length, sessions: 0 });
    }
  }
}
