import { Injectable } from '@nestjs/common';
import { conversationNotFound, hasCode } from '../conversation/errors.js';
import { HistoryStore } from '../conversation/history-store.js';
import { OwnerErasure } from '../conversation/owner-erasure.js';

/**
 * Keeps a conversation from outliving its owner's word: while its first turn is under way it is in no list of what is
 * to be erased. Where no store can say whether that word was given, nothing is checked.
 */
@Injectable()
export class FirstTurns {
  constructor(
    private readonly store: HistoryStore,
    private readonly erasure: OwnerErasure,
  ) {}

  /** @throws ServiceError conversation_not_found when the owner has erased everything meanwhile. */
  async begin<T>(
    conversationId: string,
    owner: string | null,
    firstTurn: () => Promise<T>,
  ): Promise<T> {
    if (owner === null) return firstTurn();
    const before = await this.mark(owner);
    const result = await firstTurn();
    const after = await this.mark(owner);
    // One that has lapsed in between was seen before, or was no concern of this turn.
    if (before === undefined || !after || after === before) return result;
    await this.store.erase(conversationId, owner);
    throw conversationNotFound();
  }

  /**
   * The same for a first turn that another instance has begun, and left when it died: nobody knows whether an erasure
   * lately was before its beginning, and what may have been erased must not come back.
   */
  async finish<T>(
    conversationId: string,
    owner: string | null,
    firstTurn: () => Promise<T>,
  ): Promise<T> {
    if (owner !== null && (await this.mark(owner))) throw conversationNotFound();
    return this.begin(conversationId, owner, firstTurn);
  }

  private async mark(owner: string): Promise<string | null | undefined> {
    try {
      return await this.erasure.mark(owner);
    } catch (error) {
      if (hasCode(error, 'storage_unavailable')) return undefined;
      throw error;
    }
  }
}
