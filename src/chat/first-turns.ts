import { Injectable } from '@nestjs/common';
import type { AnswerHead } from '../conversation/answer-journal.js';
import { conversationNotFound, hasCode } from '../conversation/errors.js';
import { type FirstTurn, OwedErasures } from './owed-erasures.js';

/** What was so when a first turn began. */
export interface Beginning {
  readonly erasureMark: string | null;
  /** To be asked right before the turn is kept. @throws ServiceError conversation_not_found. */
  readonly assertWanted: () => Promise<void>;
}

/**
 * Keeps a conversation from outliving its owner's word: while its first turn is under way it is in no list of what is
 * to be erased. So the owner's mark is looked at before the turn begins, right before it is kept, and after that.
 * Guaranteed: a turn of before the owner's word is not kept, or is erased again; what cannot be erased at once, or not
 * be looked at because both stores are away by then, this instance owes and repeats.
 * Not guaranteed: for a turn that began while no store could say anything, nothing is checked; and what an instance
 * owes dies with it.
 */
@Injectable()
export class FirstTurns {
  constructor(private readonly owed: OwedErasures) {}

  /**
   * @param firstTurn is given null where there is nothing to be checked
   * @throws ServiceError conversation_not_found when the owner has erased everything meanwhile.
   */
  async begin<T>(
    conversationId: string,
    owner: string | null,
    firstTurn: (beginning: Beginning | null) => Promise<T>,
  ): Promise<T> {
    const erasureMark = owner === null ? undefined : await this.owed.markOf(owner);
    if (owner === null || erasureMark === undefined) return firstTurn(null);
    const first = { conversationId, owner, erasureMark };
    const assertWanted = async () => {
      if (await this.owed.isDue(first)) throw conversationNotFound();
    };
    return this.keep(first, () => firstTurn({ erasureMark, assertWanted }));
  }

  /**
   * The same for a first turn that another instance has begun, and left when it died: that may have kept it already.
   * @throws ServiceError conversation_not_found; storage_unavailable: to be tried again.
   */
  async finish<T>(
    { conversationId, owner, erasureMark }: AnswerHead,
    append: () => Promise<T>,
  ): Promise<T> {
    if (owner === null) return append();
    const first = { conversationId, owner, erasureMark };
    if (await this.owed.isDue(first)) {
      await this.owed.erase(first);
      throw conversationNotFound();
    }
    return this.keep(first, append);
  }

  private async keep<T>(first: FirstTurn, firstTurn: () => Promise<T>): Promise<T> {
    const result = await firstTurn().catch((error: unknown) => {
      // It may be kept all the same, when only the reply was lost.
      if (hasCode(error, 'storage_unavailable')) this.owed.owe(first);
      throw error;
    });
    const isDue = await this.owed.isDue(first);
    if (isDue === false) return result;
    if (isDue === undefined) {
      this.owed.owe(first);
      return result;
    }
    await this.owed.erase(first).catch((error: unknown) => {
      if (!hasCode(error, 'storage_unavailable')) throw error;
      this.owed.owe(first);
    });
    throw conversationNotFound();
  }
}
