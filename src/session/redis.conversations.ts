import { Injectable } from '@nestjs/common';
import { conversationNotFound, notInThisMode, storageUnavailable } from '../conversation/errors.js';
import type { TurnsRequest } from '../conversation/own-conversations.js';
import {
  type Describe,
  StoredConversations,
  type StoredDescription,
  type StoredList,
  type StoredTurnPage,
} from '../conversation/stored-conversations.js';
import { StoredHistory } from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { decodeTurn } from './codec.js';
import { orUnavailable } from './or-unavailable.js';
import { keysOf, Refusal, SCRIPTS } from './scripts.js';

// Nothing stands behind Redis that a session could be checked against.
const NO_EPOCH = '';
// Each one that fails means that another change went through.
const MAX_TRIES = 20;

/** Redis alone: a session has its newest turns, and what its user says of it. */
@Injectable()
export class RedisConversations extends StoredConversations {
  constructor(
    private readonly redis: RedisConnection,
    private readonly history: StoredHistory,
  ) {
    super();
  }

  async list(): Promise<StoredList> {
    throw notInThisMode('Listing conversations');
  }

  async read(id: string, owner: string | null): Promise<StoredConversation> {
    const args = [id, owner ?? '', NO_EPOCH];
    const reply = await orUnavailable(this.redis.requests.run(SCRIPTS.describe, keysOf(id), args));
    if (typeof reply === 'number') throw conversationNotFound();
    const [last, createdAt, newest, metadata, archived, keyring, title, keyId] = reply as [
      number,
      ...string[],
    ];
    return {
      id,
      owner,
      title: title || null,
      createdAt: Number(createdAt),
      lastActivity: newest ? decodeTurn(newest).createdAt : Number(createdAt),
      turnCount: last,
      isArchived: archived === '1',
      metadata: metadata || null,
      keyId: keyId || null,
      keyring: keyring ?? '',
    };
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
      const current = await this.read(conversationId, owner);
      const next = describe(current);
      const reply = await orUnavailable(
        this.redis.requests.run(SCRIPTS.change, keysOf(conversationId), [
          conversationId,
          owner ?? '',
          NO_EPOCH,
          ...fieldsOf(current),
          ...fieldsOf(next),
          next.keyring,
        ]),
      );
      if (reply === 1) return this.read(conversationId, owner);
      if (reply !== Refusal.Changed) throw conversationNotFound();
    }
    throw storageUnavailable();
  }
}

const fieldsOf = ({ title, keyId, metadata, isArchived }: StoredDescription): string[] => [
  title ?? '',
  keyId ?? '',
  metadata ?? '',
  isArchived ? '1' : '',
];
