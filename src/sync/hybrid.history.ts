import { Injectable } from '@nestjs/common';
import { within } from '../breaker/within.js';
import type { Conversation } from '../conversation/conversation.js';
import {
  conversationChanged,
  conversationNotFound,
  hasCode,
  storageUnavailable,
} from '../conversation/errors.js';
import {
  type Appended,
  type AppendRequest,
  type FoundTurn,
  HistoryStore,
  type Recalled,
} from '../conversation/history-store.js';
import type { NumberedTurn } from '../conversation/turn.js';
import { DatabaseHistory } from '../persistence/database.history.js';
import { RedisUnavailable } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { Refusal } from '../session/scripts.js';
import { RequestSessions } from '../session/session.lanes.js';
import { Restore } from './restore.js';
import { WriteBehind } from './write-behind.js';

// Each try mends one obstacle (absent, stale); more than a few mean that somebody keeps undoing it.
const MAX_TRIES = 5;
// Many times what two healthy stores take, and little for a caller who is then told to come again.
const LOOK_AGAIN_MS = 300;

/**
 * Redis over Postgres. A turn is answered from the session and appended to it; Postgres follows.
 * While Redis is away, both happen in Postgres, and the session is brought back in step before it is used again.
 * Guaranteed: an accepted turn is dirty in Redis or committed in Postgres before `append` resolves.
 */
@Injectable()
export class HybridHistory extends HistoryStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: RequestSessions,
    private readonly restore: Restore,
    private readonly durable: DatabaseHistory,
    private readonly writeBehind: WriteBehind,
  ) {
    super();
  }

  async assertWritable(durability: AppendRequest['durability']): Promise<void> {
    if (this.redis.breaker.isOpen && !this.durable.isWritable) await this.lookAgain();
    if (this.redis.breaker.isOpen) {
      await this.durable.assertReachable();
    } else if (durability === 'committed') {
      await this.durable.assertWritable();
    } else {
      await this.writeBehind.assertRoom().catch(async (error: unknown) => {
        if (!(error instanceof RedisUnavailable)) throw error;
        this.redis.breaker.trip(error);
        await this.durable.assertReachable();
      });
    }
  }

  async recall(conversationId: string, owner: string | null): Promise<Recalled> {
    try {
      return await this.recallHot(conversationId, owner);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return this.orHotAgain(
        () => this.recallDurable(conversationId, owner),
        () => this.recallHot(conversationId, owner),
      );
    }
  }

  async append(request: AppendRequest): Promise<Appended> {
    try {
      return await this.appendHot(request);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return this.orHotAgain(
        () => this.appendAroundRedis(request),
        () => this.appendHot({ ...request, retry: true }),
      );
    }
  }

  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
    durability: AppendRequest['durability'],
  ): Promise<FoundTurn | null> {
    if (this.redis.breaker.isOpen) await this.writeBehind.catchUp(conversationId);
    const kept = await this.durable.find(conversationId, owner, turnId).catch((error: unknown) => {
      // A turn that only Redis has yet is found there; one that must be committed has to wait.
      if (hasCode(error, 'storage_unavailable') && durability === 'accepted') return null;
      throw error;
    });
    // A dead letter is kept, but not in the archive until somebody has mended what refuses it.
    if (kept && kept.durability !== 'committed' && durability === 'committed') {
      throw storageUnavailable();
    }
    if (kept) return kept;
    // Neither may a retry bring back what its owner has erased since.
    if (this.durable.isWritable && (await this.durable.isErased(conversationId, owner))) {
      throw conversationNotFound();
    }
    const turn = await this.findHot(conversationId, owner, turnId);
    if (!turn) return null;
    if (durability === 'accepted') return { turn, seq: turn.seq, durability };
    return { turn, seq: await this.writeBehind.committed(conversationId, turnId), durability };
  }

  async erase(conversationId: string, owner: string | null): Promise<void> {
    // Whose it is; and a conversation that only Redis has yet needs a tombstone all the same.
    const recalled = await this.recall(conversationId, owner);
    const startedAt = recalled.turns[0]?.createdAt;
    try {
      await this.durable.erase(conversationId, owner, startedAt);
    } catch (error) {
      // The reply of an earlier try was lost: then the session is all that is left of it.
      const isErased =
        hasCode(error, 'conversation_not_found') &&
        (await this.durable.isErased(conversationId, owner));
      if (isErased) await this.restore.eraseSession(conversationId);
      throw error;
    }
    this.writeBehind.forget(conversationId);
    // Where Redis is away, the mark on the tombstone has the session removed before Redis is trusted again.
    await this.restore.eraseSession(conversationId);
  }

  async end(conversationId: string, owner: string | null): Promise<Conversation> {
    // First whose it is; a conversation that is only in Redis yet is not in the archive to be asked.
    await this.recall(conversationId, owner);
    await this.restore.discard(conversationId).catch((error: unknown) => {
      throw error instanceof RedisUnavailable ? storageUnavailable(error) : error;
    });
    return this.durable.end(conversationId, owner);
  }

  /** A turn that only Redis has yet, however many came after it. */
  private async findHot(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<NumberedTurn | null> {
    try {
      const found = await this.mended(conversationId, owner, () =>
        this.sessions.find(conversationId, { owner, epoch: this.redis.epoch }, turnId),
      );
      return found.turn;
    } catch (error) {
      if (error instanceof RedisUnavailable || hasCode(error, 'conversation_not_found'))
        return null;
      throw error;
    }
  }

  private async recallHot(conversationId: string, owner: string | null): Promise<Recalled> {
    let source: Recalled['source'] = 'hot';
    const { turns, lastSeq } = await this.mended(conversationId, owner, async (tries) => {
      if (tries > 0) source = 'durable';
      return this.sessions.recall(conversationId, { owner, epoch: this.redis.epoch });
    });
    return { source, turns, lastSeq };
  }

  private async appendHot(request: AppendRequest): Promise<Appended> {
    const { conversationId, owner, turn } = request;
    const appended = await this.mended(conversationId, owner, () =>
      this.sessions.append(conversationId, turn, {
        ...request,
        epoch: this.redis.epoch,
        writeBehind: true,
      }),
    );
    this.writeBehind.noteAppended(request, appended);
    if (request.durability === 'accepted') {
      this.writeBehind.flushSoon(conversationId);
      return { seq: appended.seq, durability: 'accepted' };
    }
    const committedSeq = await this.writeBehind.committed(conversationId, turn.id);
    return { seq: committedSeq, durability: 'committed' };
  }

  /** With nothing to fall back on, a store that was only slow, or has just come back, is not left to the next probe. */
  private async lookAgain(): Promise<void> {
    const probes = [this.redis.breaker.probe(), this.durable.lookAgain()];
    await within(LOOK_AGAIN_MS, Promise.all(probes));
  }

  private async recallDurable(conversationId: string, owner: string | null): Promise<Recalled> {
    await this.writeBehind.catchUp(conversationId);
    return this.orUnknown(this.durable.recall(conversationId, owner), conversationId, owner);
  }

  /** The turn may be in Redis already, when only the reply was lost: its id keeps it from being stored twice. */
  private appendAroundRedis(request: AppendRequest): Promise<Appended> {
    const { conversationId, owner } = request;
    return this.writeBehind.aroundRedis(conversationId, () =>
      this.orUnknown(this.durable.appendAroundRedis(request), conversationId, owner),
    );
  }

  /** Where Postgres cannot either, one more look at Redis: a connection that broke is often back at once. */
  private async orHotAgain<T>(around: () => Promise<T>, again: () => Promise<T>): Promise<T> {
    try {
      return await around();
    } catch (error) {
      if (!hasCode(error, 'storage_unavailable')) throw error;
      await this.redis.breaker.probe();
      return await again().catch((late: unknown) => {
        throw late instanceof RedisUnavailable ? error : late;
      });
    }
  }

  /**
   * What the archive does not know may be in the Redis that is away, and there alone: that is no "not found".
   * Only of what was erased the archive is sure.
   */
  private async orUnknown<T>(
    reply: Promise<T>,
    conversationId: string,
    owner: string | null,
  ): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      if (!hasCode(error, 'conversation_not_found')) throw error;
      throw (await this.durable.isErased(conversationId, owner))
        ? error
        : storageUnavailable(error);
    }
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
          throw conversationNotFound();
        case Refusal.Changed:
          throw conversationChanged();
        case Refusal.Missing:
          await this.writeBehind.afterMiss(conversationId);
          await this.restore.fill(conversationId, owner);
          break;
        case Refusal.Stale:
          await this.writeBehind.afterMiss(conversationId);
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
}
