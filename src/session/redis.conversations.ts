import { Injectable } from '@nestjs/common';
import { conversationNotFound, notInThisMode, storageUnavailable } from '../conversation/errors.js';
import type { TurnsRequest } from '../conversation/own-conversations.js';
import {
  type Describe,
  StoredConversations,
  type StoredList,
  type StoredTurnPage,
} from '../conversation/stored-conversations.js';
import { StoredHistory } from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { type DescribedSession, DescribedSessions } from './described-sessions.js';
import { Refusal } from './scripts.js';

// Each one that fails means that another change went through.
const MAX_TRIES = 20;

/** Redis alone: a session has its newest turns, and what its user says of it. */
@Injectable()
export class RedisConversations extends StoredConversations {
  constructor(
    private readonly sessions: DescribedSessions,
    private readonly history: StoredHistory,
  ) {
    super();
  }

  async list(): Promise<StoredList> {
    throw notInThisMode('Listing conversations');
  }

  async read(conversationId: string, owner: string | null): Promise<StoredConversation> {
    return (await this.session(conversationId, owner)).conversation;
  }

  /** What was trimmed is gone: the oldest turn that is left ends the last page. */
  async turns(
    conversationId: string,
    owner: string | null,
    { limit, beforeSeq }: TurnsRequest,
  ): Promise<StoredTurnPage> {
    const { turns, keyring } = await this.history.recall(conversationId, owner);
    const below = turns.filter(({ seq }) => seq < (beforeSeq ?? Infinity));
    const page = below.slice(-limit);
    return {
      turns: page.map(({ seq, ...turn }) => ({ turn, seq, durability: 'accepted', keyring })),
      nextBefore: page.length < below.length ? page[0]!.seq : null,
    };
  }

  async change(
    conversationId: string,
    owner: string | null,
    describe: Describe,
  ): Promise<StoredConversation> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const session = await this.session(conversationId, owner);
      const reply = await this.sessions.change(session, describe(session.conversation));
      if (reply === 1) return this.read(conversationId, owner);
      if (reply !== Refusal.Changed) throw conversationNotFound();
    }
    throw storageUnavailable();
  }

  private async session(conversationId: string, owner: string | null): Promise<DescribedSession> {
    const session = await this.sessions.read(conversationId, owner);
    if (!session) throw conversationNotFound();
    return session;
  }
}
