import { Injectable } from '@nestjs/common';
import { OwnedSessions } from '../session/owned-sessions.js';
import { failureReason } from './failure-reason.js';
import { Flusher } from './flusher.js';

const CONVERSATIONS_PER_FLUSH = 100;

/** Flushes what of one owner is not archived, whoever left it so. All methods throw RedisUnavailable. */
@Injectable()
export class OwnerFlush {
  constructor(
    private readonly owned: OwnedSessions,
    private readonly flusher: Flusher,
  ) {}

  /** The conversations with turns that are not archived; looks through all that are dirty. */
  async dirty(owner: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const found of this.owned.of(owner, 'dirty')) {
      ids.push(...found.map(({ conversationId }) => conversationId));
    }
    return ids;
  }

  /** As far as Postgres takes it. */
  async flush(conversationIds: readonly string[]): Promise<void> {
    for (let first = 0; first < conversationIds.length; first += CONVERSATIONS_PER_FLUSH) {
      const some = conversationIds.slice(first, first + CONVERSATIONS_PER_FLUSH);
      try {
        for (let ids = some; ids.length > 0; ids = [...(await this.flusher.flush(ids)).unfinished]);
      } catch (error) {
        if (failureReason(error) === 'redis') throw error;
      }
    }
  }
}
