import { Injectable } from '@nestjs/common';
import { assertKnown, conversationNotFound } from '../conversation/errors.js';
import type { ListRequest, TurnsRequest } from '../conversation/own-conversations.js';
import {
  type Describe,
  StoredConversations,
  type StoredList,
  type StoredTurnPage,
} from '../conversation/stored-conversations.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchiveConversations } from './archive-conversations.js';
import { ArchivePages } from './archive-pages.js';

/** Postgres alone. */
@Injectable()
export class DatabaseConversations extends StoredConversations {
  constructor(
    private readonly archive: ArchiveConversations,
    private readonly pages: ArchivePages,
  ) {
    super();
  }

  async list(owner: string | null, request: ListRequest): Promise<StoredList> {
    assertKnown(owner);
    const { limit } = request;
    const rows = await this.archive.list(owner, { ...request, limit: limit + 1 });
    const listed = rows.slice(0, limit);
    return {
      conversations: listed.map(({ conversation }) => conversation),
      next: rows.length > limit ? listed.at(-1)!.place : null,
    };
  }

  async read(conversationId: string, owner: string | null): Promise<StoredConversation> {
    const conversation = await this.pages.conversation(conversationId, owner);
    if (typeof conversation === 'string') throw conversationNotFound();
    return conversation;
  }

  async turns(
    conversationId: string,
    owner: string | null,
    { limit, beforeSeq }: TurnsRequest,
  ): Promise<StoredTurnPage> {
    const { turnCount, keyring } = await this.read(conversationId, owner);
    const upToSeq = Math.min(turnCount, (beforeSeq ?? Infinity) - 1);
    const afterSeq = Math.max(0, upToSeq - limit);
    const turns = await this.archive.turns({ conversationId, afterSeq, upToSeq });
    return pageOf(
      turns.map(({ seq, ...turn }) => ({ turn, seq, durability: 'committed', keyring })),
    );
  }

  async change(
    conversationId: string,
    owner: string | null,
    describe: Describe,
  ): Promise<StoredConversation> {
    const isChanged = await this.archive.describe(conversationId, owner, describe);
    if (!isChanged) throw conversationNotFound();
    return this.read(conversationId, owner);
  }
}

/** @param turns oldest first, without a gap */
export function pageOf(turns: StoredTurnPage['turns']): StoredTurnPage {
  const first = turns[0]?.seq ?? 1;
  return { turns, nextBefore: first > 1 ? first : null };
}
