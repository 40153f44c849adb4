import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import { type ErasedEverything, OwnerErasure } from '../conversation/owner-erasure.js';
import type { Doomed } from '../persistence/archive-erasure.js';
import { OwnerErasures } from '../persistence/owner-erasures.js';
import { RedisUnavailable } from '../redis/lane.js';
import { eraseInRounds } from '../session/erase-in-rounds.js';
import { ErasureMarks } from '../session/erasure-marks.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { OwnedSessions } from '../session/owned-sessions.js';
import { Eraser } from './eraser.js';
import { UnflushedTurns } from './unflushed-turns.js';

/** Both tiers; needs both, since what is in one of them alone could not be listed without it. */
@Injectable()
export class HybridErasure extends OwnerErasure {
  constructor(
    private readonly owners: OwnerErasures,
    private readonly marks: ErasureMarks,
    private readonly owned: OwnedSessions,
    private readonly unflushed: UnflushedTurns,
    private readonly eraser: Eraser,
  ) {
    super();
  }

  /** In both stores it is the same. */
  async mark(owner: string): Promise<string | null> {
    try {
      return await this.marks.get(owner);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return this.owners.mark(owner);
    }
  }

  async eraseAll(owner: string | null): Promise<ErasedEverything> {
    assertKnown(owner);
    return this.owned.alone(owner, () => this.eraseAllOf(owner));
  }

  private async eraseAllOf(owner: string): Promise<ErasedEverything> {
    const mark = await this.owners.note(owner);
    await orUnavailable(this.marks.set(owner, mark));
    const round = {
      hot: () => this.hot(owner),
      archived: () => this.owners.next(owner),
      erase: (doomed: readonly Doomed[]) => this.eraser.erase(doomed, owner),
    };
    return orUnavailable(eraseInRounds(round));
  }

  /** What Redis has, and what it may have lost of the turns that this instance had accepted. */
  private async *hot(owner: string): AsyncGenerator<readonly Doomed[]> {
    yield* this.owned.of(owner, 'active');
    yield this.unflushed.conversationIds.flatMap((conversationId) => {
      const accepted = this.unflushed.of(conversationId);
      if (accepted?.owner !== owner) return [];
      return { conversationId, startedAt: accepted.turns[0]!.createdAt };
    });
  }
}
