import { Injectable } from '@nestjs/common';
import type { StoredDescription } from '../conversation/stored-conversations.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { decodeTurn } from './codec.js';
import { orUnavailable } from './or-unavailable.js';
import { keysOf, Refusal, SCRIPTS } from './scripts.js';

/** Where nothing stands behind Redis that a session could be checked against. */
export const NO_EPOCH = '';

export interface DescribedSession {
  readonly conversation: StoredConversation;
  /** How often it was described anew. */
  readonly changes: number;
}

/** What is known of conversations that Redis alone has, besides their turns. All methods throw storage_unavailable. */
@Injectable()
export class DescribedSessions {
  constructor(private readonly redis: RedisConnection) {}

  /** @returns null when there is none of this owner. */
  async read(id: string, owner: string | null): Promise<DescribedSession | null> {
    const args = [id, owner ?? '', NO_EPOCH];
    const reply = await orUnavailable(this.redis.requests.run(SCRIPTS.describe, keysOf(id), args));
    if (typeof reply === 'number') return null;
    const [last, createdAt, newest, metadata, archived, changes, ...kept] = reply as [
      number,
      string,
      string,
      string,
      string,
      string,
      ...[keyring: string, title: string, keyId: string],
    ];
    const [keyring, title, keyId] = kept;
    const conversation = {
      id,
      owner,
      title: title || null,
      createdAt: Number(createdAt),
      lastActivity: newest ? decodeTurn(newest).createdAt : Number(createdAt),
      turnCount: last,
      isArchived: archived === '1',
      metadata: metadata || null,
      keyId: keyId || null,
      keyring,
    };
    return { conversation, changes: Number(changes) };
  }

  /** @returns Changed when it was described anew since it was read so. */
  async change(
    { conversation: { id, owner }, changes }: DescribedSession,
    { title, keyId, metadata, isArchived, keyring }: StoredDescription,
  ): Promise<1 | Refusal> {
    const reply = await orUnavailable(
      this.redis.requests.run(SCRIPTS.change, keysOf(id), [
        id,
        owner ?? '',
        NO_EPOCH,
        String(changes),
        title ?? '',
        keyId ?? '',
        metadata ?? '',
        isArchived ? '1' : '',
        keyring,
      ]),
    );
    return reply as 1 | Refusal;
  }
}
