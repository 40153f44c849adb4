import { Injectable } from '@nestjs/common';
import { conversationNotFound, hasCode, storageUnavailable } from '../conversation/errors.js';
import type { TurnsRequest } from '../conversation/own-conversations.js';
import type { StoredTurnPage } from '../conversation/stored-conversations.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchiveConversations } from '../persistence/archive-conversations.js';
import { ArchivePages } from '../persistence/archive-pages.js';
import { pageOf } from '../persistence/database.conversations.js';
import { RedisUnavailable } from '../redis/lane.js';
import { HotTurns } from './hot-turns.js';
import type { BothTiers } from './unarchived.js';
import { WriteBehind } from './write-behind.js';

/** A conversation that the caller may see. */
interface Found extends BothTiers {
  readonly conversation: StoredConversation;
}

// A turn moves once, out of Redis into the archive, so a second look finds what moved during the first one.
const MAX_LOOKS = 5;

/**
 * Reads conversations out of both tiers, in one dense order: the archived turns, then those that only Redis has yet. While
 * Redis is away, what the archive has; while Postgres is, what the session has, if that is all that was asked for.
 */
@Injectable()
export class TwoTiers {
  constructor(
    private readonly hot: HotTurns,
    private readonly pages: ArchivePages,
    private readonly archive: ArchiveConversations,
    private readonly writeBehind: WriteBehind,
  ) {}

  /** @throws ServiceError conversation_not_found, storage_unavailable. */
  async read(conversationId: string, owner: string | null): Promise<StoredConversation> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      try {
        const conversation = await this.whole(await this.find(conversationId, owner));
        if (conversation) return conversation;
      } catch (error) {
        if (!hasCode(error, 'storage_unavailable')) throw error;
        return this.hot.alone(conversationId, owner, error);
      }
    }
    throw storageUnavailable();
  }

  /** As `read`. */
  async turns(
    conversationId: string,
    owner: string | null,
    request: TurnsRequest,
  ): Promise<StoredTurnPage> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      try {
        const found = await this.find(conversationId, owner);
        const page = await this.page(found, request);
        if (page) return page;
      } catch (error) {
        if (!hasCode(error, 'storage_unavailable')) throw error;
        return this.hot.page(conversationId, owner, request, error);
      }
    }
    throw storageUnavailable();
  }

  /** With what is not archived yet. @returns null when a turn has moved meanwhile. */
  private async whole({ conversation, places }: Found): Promise<StoredConversation | null> {
    const [newest] = [...places].slice(-1);
    if (!newest) return conversation;
    const hot = await this.hotTurns(conversation.id, [newest]);
    if (!hot) return null;
    return {
      ...conversation,
      turnCount: conversation.turnCount + places.size,
      lastActivity: Math.max(conversation.lastActivity, hot[0]!.turn.createdAt),
    };
  }

  /** @returns null when a turn has moved meanwhile. */
  private async page(
    { conversation, places }: Found,
    { limit, beforeSeq }: TurnsRequest,
  ): Promise<StoredTurnPage | null> {
    const { id: conversationId, turnCount, keyring } = conversation;
    const upToSeq = Math.min(turnCount + places.size, (beforeSeq ?? Infinity) - 1);
    const afterSeq = Math.max(0, upToSeq - limit);
    const wanted = [...places].slice(
      Math.max(0, afterSeq - turnCount),
      Math.max(0, upToSeq - turnCount),
    );
    const hot = await this.hotTurns(conversationId, wanted);
    if (!hot) return null;
    const archivedUpTo = Math.min(upToSeq, turnCount);
    // Those before turns that do not fit are for the next page.
    const isWhole = hot.length === wanted.length;
    const archived = isWhole
      ? await this.archive.turns({ conversationId, afterSeq, upToSeq: archivedUpTo })
      : [];
    const firstHotSeq = upToSeq - hot.length + 1;
    return pageOf([
      ...archived.map(({ seq, ...turn }) => ({
        turn,
        seq,
        durability: 'committed' as const,
        keyring,
      })),
      ...hot.map((turn, index) => ({ ...turn, seq: firstHotSeq + index })),
    ]);
  }

  private async hotTurns(conversationId: string, wanted: readonly [id: string, place: number][]) {
    try {
      return await this.hot.turns(conversationId, wanted);
    } catch (error) {
      if (error instanceof RedisUnavailable) return null;
      throw error;
    }
  }

  private async find(conversationId: string, owner: string | null): Promise<Found> {
    const found = await this.look(conversationId, owner);
    const { conversation } = found;
    if (typeof conversation === 'object') return { ...found, conversation };
    // What Redis alone may have is not missing while Redis is away; only of what was erased the archive is sure.
    if (conversation === 'unknown' && !found.isSure) throw storageUnavailable();
    throw conversationNotFound();
  }

  private async look(
    conversationId: string,
    owner: string | null,
  ): Promise<BothTiers & { readonly isSure: boolean }> {
    try {
      const found = await this.hot.find(conversationId, owner);
      if (found.isHot || !this.writeBehind.holds(conversationId)) return { ...found, isSure: true };
      // Redis has lost what this instance had accepted; what Postgres does not take now is not missing either.
      await this.writeBehind.afterMiss(conversationId);
      const isSure = !this.writeBehind.holds(conversationId);
      return { ...(await this.hot.find(conversationId, owner)), isSure };
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      await this.writeBehind.catchUp(conversationId);
      const conversation = await this.pages.conversation(conversationId, owner);
      return { conversation, places: new Map(), isHot: false, isSure: false };
    }
  }
}
