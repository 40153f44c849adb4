import { Injectable } from '@nestjs/common';
import {
  conversationChanged,
  conversationNotFound,
  hasCode,
  storageUnavailable,
} from '../conversation/errors.js';
import type { StoredAppend, StoredRecalled } from '../conversation/stored-history.js';
import { RedisUnavailable } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { Refusal } from '../session/scripts.js';
import type { AppendedTurn, FoundInSession } from '../session/session.js';
import { RequestSessions } from '../session/session.lanes.js';
import { Restore } from './restore.js';
import { WriteBehind } from './write-behind.js';

// Each try mends one obstacle (absent, stale); more than a few mean that somebody keeps undoing it.
const MAX_TRIES = 5;

/**
 * Sessions with the archive behind them: what is absent or stale is mended first, so callers see a session or learn
 * that there is none. All methods throw RedisUnavailable, and ServiceError: conversation_not_found, storage_unavailable.
 */
@Injectable()
export class MendedSessions {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: RequestSessions,
    private readonly restore: Restore,
    private readonly writeBehind: WriteBehind,
  ) {}

  async recall(conversationId: string, owner: string | null): Promise<StoredRecalled> {
    let source: StoredRecalled['source'] = 'hot';
    const { turns, lastSeq, keyring } = await this.mended(conversationId, owner, async (tries) => {
      if (tries > 0) source = 'durable';
      return this.sessions.recall(conversationId, { owner, epoch: this.redis.epoch });
    });
    return { source, turns, lastSeq, keyring };
  }

  /** @throws ServiceError conversation_changed too. */
  async append(request: StoredAppend): Promise<AppendedTurn> {
    const { conversationId, owner, turn } = request;
    return this.mended(conversationId, owner, () =>
      this.sessions.append(conversationId, turn, {
        ...request,
        epoch: this.redis.epoch,
        writeBehind: true,
      }),
    );
  }

  /** A turn that only Redis has yet, however many came after it; none also where Redis cannot say. */
  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<FoundInSession> {
    try {
      return await this.mended(conversationId, owner, () =>
        this.sessions.find(conversationId, { owner, epoch: this.redis.epoch }, turnId),
      );
    } catch (error) {
      if (error instanceof RedisUnavailable || hasCode(error, 'conversation_not_found'))
        return { turn: null, keyring: '' };
      throw error;
    }
  }

  /**
   * To be called before a turn that was written around Redis is acknowledged: Redis may be trusted again since, by a
   * recovery that looked before. While it is away, and when it does not take this, the next recovery comes first.
   */
  async distrust(conversationId: string): Promise<void> {
    await this.sessions.distrust(conversationId).catch((error: unknown) => {
      if (!(error instanceof RedisUnavailable)) throw error;
    });
  }

  /** Removes a session without losing a turn. @throws ServiceError storage_unavailable. */
  async discard(conversationId: string): Promise<void> {
    await orUnavailable(this.restore.discard(conversationId));
  }

  /**
   * Repeats a script until nothing stands in its way: fills an absent session, discards a stale one.
   * @throws RedisUnavailable too when Redis cannot even keep a session that long.
   */
  private async mended<T extends object>(
    conversationId: string,
    owner: string | null,
    attempt: (tries: number) => Promise<T | Refusal>,
  ): Promise<T> {
    let reply: T | Refusal | undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      reply = await attempt(tries);
      switch (reply) {
        case Refusal.Foreign:
          // As for one that is missing: where the archive is away, the two must not differ either.
          await this.restore.fill(conversationId, owner);
          throw conversationNotFound();
        case Refusal.Changed:
          throw conversationChanged();
        case Refusal.Missing:
          await this.catchUp(conversationId);
          await this.restore.fill(conversationId, owner);
          break;
        case Refusal.Stale:
          await this.catchUp(conversationId);
          await this.restore.discard(conversationId);
          break;
        default:
          return reply as T;
      }
    }
    // Evicted as soon as it is filled: a Redis that short of memory is as good as none for this turn.
    throw reply === Refusal.Missing
      ? new RedisUnavailable(storageUnavailable())
      : storageUnavailable();
  }

  /** A session filled without what is accepted is a history too short, and gives its places away. */
  private async catchUp(conversationId: string): Promise<void> {
    if (!(await this.writeBehind.afterMiss(conversationId))) throw storageUnavailable();
  }
}
