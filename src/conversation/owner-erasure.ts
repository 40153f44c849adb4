/** What went, in both tiers together. */
export interface ErasedEverything {
  readonly conversations: number;
  /** Archived ones, those that only Redis had, and dead letters. */
  readonly turns: number;
  /** Sessions that were removed from Redis. */
  readonly sessions: number;
}

/** Erases everything of an owner: one implementation for each architecture of `HISTORY_MODE`. */
export abstract class OwnerErasure {
  /**
   * A mark that is another one after each erasure, or null when there was none lately. Whoever begins a conversation
   * looks before and after: what was on its way meanwhile could be in no list.
   * @throws storage_unavailable when no store can say.
   */
  abstract mark(owner: string): Promise<string | null>;

  /**
   * Guaranteed: what was acknowledged before is gone in both tiers when this returns, and no turn that is still under
   * way brings it back. When it throws, a part may be gone; it stays so, and the next call goes on from there.
   * @throws not_in_this_mode, forbidden, storage_unavailable.
   */
  abstract eraseAll(owner: string | null): Promise<ErasedEverything>;
}

/** Adds up what several acts have erased. */
export class ErasureTally implements ErasedEverything {
  conversations = 0;
  turns = 0;
  sessions = 0;

  add(erased: ErasedEverything): void {
    this.conversations += erased.conversations;
    this.turns += erased.turns;
    this.sessions += erased.sessions;
  }
}
