import { Injectable } from '@nestjs/common';
import { within } from '../breaker/within.js';
import { conversationNotFound, hasCode, storageUnavailable } from '../conversation/errors.js';
import type { Appended } from '../conversation/history-store.js';
import {
  type StoredAppend,
  type StoredFound,
  StoredHistory,
  type StoredRecalled,
} from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { DatabaseHistory } from '../persistence/database.history.js';
import { RedisUnavailable } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { Eraser } from './eraser.js';
import { MendedSessions } from './mended.sessions.js';
import { WriteBehind } from './write-behind.js';

// Many times what two healthy stores take, and little for a caller who is then told to come again.
const LOOK_AGAIN_MS = 300;

/**
 * Redis over Postgres. A turn is answered from the session and appended to it; Postgres follows.
 * While Redis is away, both happen in Postgres, and the session is brought back in step before it is used again.
 * Guaranteed: an accepted turn is dirty in Redis or committed in Postgres before `append` resolves.
 */
@Injectable()
export class HybridHistory extends StoredHistory {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: MendedSessions,
    private readonly durable: DatabaseHistory,
    private readonly writeBehind: WriteBehind,
    private readonly eraser: Eraser,
  ) {
    super();
  }

  async assertWritable(durability: StoredAppend['durability']): Promise<void> {
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

  async recall(conversationId: string, owner: string | null): Promise<StoredRecalled> {
    try {
      return await this.sessions.recall(conversationId, owner);
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      return this.orHotAgain(
        () => this.recallDurable(conversationId, owner),
        () => this.sessions.recall(conversationId, owner),
      );
    }
  }

  async append(request: StoredAppend): Promise<Appended> {
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
    durability: StoredAppend['durability'],
  ): Promise<StoredFound | null> {
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
    if (this.durable.isWritable && (await this.durable.isErased(conversationId))) {
      throw conversationNotFound();
    }
    const { turn, keyring } = await this.sessions.find(conversationId, owner, turnId);
    if (!turn) return null;
    if (durability === 'accepted') return { turn, seq: turn.seq, durability, keyring };
    const seq = await this.writeBehind.committed(conversationId, turnId);
    return { turn, seq, durability, keyring };
  }

  async erase(conversationId: string, owner: string | null): Promise<void> {
    // Whose it is; and a conversation that only Redis has yet needs a tombstone all the same.
    const recalled = await this.recall(conversationId, owner);
    const doomed = { conversationId, startedAt: recalled.turns[0]?.createdAt };
    try {
      const { conversations } = await this.eraser.erase([doomed], owner);
      if (conversations === 0) throw conversationNotFound();
    } catch (error) {
      // The archive has the tombstone, whose mark has the session removed before Redis is trusted again.
      if (!(error instanceof RedisUnavailable)) throw error;
    }
  }

  async end(conversationId: string, owner: string | null): Promise<StoredConversation> {
    // First whose it is; a conversation that is only in Redis yet is not in the archive to be asked.
    await this.recall(conversationId, owner);
    await this.sessions.discard(conversationId);
    return this.durable.end(conversationId, owner);
  }

  private async appendHot(request: StoredAppend): Promise<Appended> {
    const { conversationId, turn } = request;
    const appended = await this.sessions.append(request);
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

  private async recallDurable(
    conversationId: string,
    owner: string | null,
  ): Promise<StoredRecalled> {
    await this.writeBehind.catchUp(conversationId);
    return this.orUnknown(this.durable.recall(conversationId, owner), conversationId);
  }

  /** The turn may be in Redis already, when only the reply was lost: its id keeps it from being stored twice. */
  private async appendAroundRedis(request: StoredAppend): Promise<Appended> {
    const { conversationId } = request;
    const appended = await this.writeBehind.aroundRedis(conversationId, (accepted) =>
      this.orUnknown(this.durable.appendAroundRedis(request, accepted), conversationId),
    );
    await this.sessions.distrust(conversationId);
    return appended;
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
  private async orUnknown<T>(reply: Promise<T>, conversationId: string): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      if (!hasCode(error, 'conversation_not_found')) throw error;
      throw (await this.durable.isErased(conversationId)) ? error : storageUnavailable(error);
    }
  }
}
