import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { hasCode } from '../conversation/errors.js';
import { HistoryStore } from '../conversation/history-store.js';
import { OwnerErasure } from '../conversation/owner-erasure.js';

/** A conversation that begins, and what its owner had said by then. */
export interface FirstTurn {
  readonly conversationId: string;
  readonly owner: string;
  /** As OwnerErasure gives it; undefined: nobody knows, so any erasure lately counts. */
  readonly erasureMark: string | null | undefined;
}

// With a store away each try fails at once, and when it is back what is owed is shown no longer than this.
const PAUSE_MS = 200;
// Some megabytes. So many first turns come to their end just as a store goes away only if something else is wrong.
const MAX_OWED = 10_000;

/**
 * Erases first turns that would outlive their owner's word, and repeats what fails until it is done.
 * Not guaranteed: what is still owed when this instance ends.
 */
@Injectable()
export class OwedErasures implements OnApplicationShutdown {
  private readonly logger = new Logger(OwedErasures.name);
  private readonly owed = new Map<string, FirstTurn>();
  private running = false;
  private stopped = false;

  constructor(
    private readonly store: HistoryStore,
    private readonly erasure: OwnerErasure,
  ) {}

  onApplicationShutdown(): void {
    this.stopped = true;
    if (this.owed.size > 0)
      this.logger.error(`${this.owed.size} erasures were not done at the end`);
  }

  /** @returns undefined when no store can say. */
  async markOf(owner: string): Promise<string | null | undefined> {
    try {
      return await this.erasure.mark(owner);
    } catch (error) {
      if (hasCode(error, 'storage_unavailable')) return undefined;
      throw error;
    }
  }

  /** Whether the owner has erased everything since it began; undefined when no store can say. */
  async isDue({ owner, erasureMark }: FirstTurn): Promise<boolean | undefined> {
    const mark = await this.markOf(owner);
    if (mark === undefined) return undefined;
    // One that has lapsed in between was seen before, or was no concern of this turn.
    return mark !== null && mark !== erasureMark;
  }

  /** @throws ServiceError storage_unavailable. */
  async erase({ conversationId, owner }: FirstTurn): Promise<void> {
    try {
      await this.store.erase(conversationId, owner);
    } catch (error) {
      if (!hasCode(error, 'conversation_not_found')) throw error;
    }
  }

  /** Looks, and erases what is due, as soon as the stores allow it. */
  owe(first: FirstTurn): void {
    if (this.owed.size >= MAX_OWED) {
      this.logger.error('more erasures are owed than can be remembered: one is not done');
      return;
    }
    this.owed.set(first.conversationId, first);
    void this.repeat();
  }

  private async repeat(): Promise<void> {
    if (this.running) return;
    this.running = true;
    while (!this.stopped && this.owed.size > 0) {
      const startedMs = performance.now();
      for (const first of this.owed.values()) await this.settle(first);
      // However slowly the stores fail, they have most of their time for others.
      const pauseMs = Math.max(PAUSE_MS, 3 * (performance.now() - startedMs));
      await delay(pauseMs, undefined, { ref: false });
    }
    this.running = false;
  }

  private async settle(first: FirstTurn): Promise<void> {
    try {
      const isDue = await this.isDue(first);
      if (isDue === undefined) return;
      if (isDue) await this.erase(first);
      this.owed.delete(first.conversationId);
    } catch (error) {
      const code = hasCode(error, 'storage_unavailable') ? 'storage_unavailable' : 'other';
      this.logger.debug(`an erasure that is owed was not done (${code})`);
    }
  }
}
