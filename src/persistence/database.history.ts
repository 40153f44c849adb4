import { Injectable } from '@nestjs/common';
import { conversationNotFound, storageUnavailable } from '../conversation/errors.js';
import type { Appended } from '../conversation/history-store.js';
import {
  type StoredAppend,
  type StoredFound,
  StoredHistory,
  type StoredRecalled,
} from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { Environment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { ArchiveErasure } from './archive-erasure.js';
import { Archive, type DirectAppend } from './archive.js';
import { Database } from './database.js';

/** Postgres alone: every turn is committed before its reply. */
@Injectable()
export class DatabaseHistory extends StoredHistory {
  constructor(
    private readonly archive: Archive,
    private readonly erasure: ArchiveErasure,
    private readonly database: Database,
    private readonly environment: Environment,
    private readonly metrics: Metrics,
  ) {
    super();
  }

  get isWritable(): boolean {
    return !this.database.breaker.isOpen;
  }

  async assertWritable(): Promise<void> {
    if (!this.isWritable) throw storageUnavailable();
  }

  /** Resolves when Postgres was looked for, whatever came out. */
  lookAgain(): Promise<void> {
    return this.database.breaker.probe();
  }

  /** Asks Postgres itself: its breaker knows of an outage only when somebody has run into it. @throws as `assertWritable`. */
  async assertReachable(): Promise<void> {
    await this.database.read((manager) => manager.query('select 1'));
  }

  async recall(conversationId: string, owner: string | null): Promise<StoredRecalled> {
    const maxTurns = this.environment.maxTurnsPerSession;
    const tail = await this.archive.tail(conversationId, owner, maxTurns);
    if (!tail) throw conversationNotFound();
    const { turnCount, keyring } = tail.conversation;
    return { source: 'durable', turns: tail.turns, lastSeq: turnCount, keyring };
  }

  append(request: StoredAppend): Promise<Appended> {
    return this.commit({ ...request, aroundRedis: false });
  }

  /** For `hybrid` while Redis is away: the session there will lack this turn. */
  async appendAroundRedis(
    request: StoredAppend,
    accepted: NonNullable<DirectAppend['accepted']>,
  ): Promise<Appended> {
    this.metrics.redisFallback.inc();
    return this.commit({ ...request, aroundRedis: true, accepted });
  }

  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<StoredFound | null> {
    const found = await this.archive.find(conversationId, owner, turnId);
    return found && { ...found, durability: found.seq === null ? 'accepted' : 'committed' };
  }

  async erase(conversationId: string, owner: string | null): Promise<void> {
    await this.erasure.eraseOne({ conversationId }, owner);
  }

  /** Then there is no such conversation for anybody, wherever its turns may still be. */
  isErased(conversationId: string): Promise<boolean> {
    return this.erasure.isErased(conversationId);
  }

  async end(conversationId: string, owner: string | null): Promise<StoredConversation> {
    const tail = await this.archive.tail(conversationId, owner, 0);
    if (!tail) throw conversationNotFound();
    return tail.conversation;
  }

  private async commit(append: DirectAppend): Promise<Appended> {
    const seq = await this.archive.append(append);
    return { seq, durability: 'committed' };
  }
}
