import { Injectable } from '@nestjs/common';
import type { Conversation } from '../conversation/conversation.js';
import { conversationNotFound, storageUnavailable } from '../conversation/errors.js';
import {
  type Appended,
  type AppendRequest,
  type FoundTurn,
  HistoryStore,
  type Recalled,
} from '../conversation/history-store.js';
import { Environment } from '../config/environment.js';
import { Archive } from './archive.js';
import { Database } from './database.js';

/** Postgres alone: every turn is committed before its reply. */
@Injectable()
export class DatabaseHistory extends HistoryStore {
  constructor(
    private readonly archive: Archive,
    private readonly database: Database,
    private readonly environment: Environment,
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

  async recall(conversationId: string, owner: string | null): Promise<Recalled> {
    const maxTurns = this.environment.maxTurnsPerSession;
    const tail = await this.archive.tail(conversationId, owner, maxTurns);
    if (!tail) throw conversationNotFound();
    return { source: 'durable', turns: tail.turns, lastSeq: tail.conversation.turnCount };
  }

  append(request: AppendRequest): Promise<Appended> {
    return this.commit(request, false);
  }

  /** For `hybrid` while Redis is away: the session there will lack this turn. */
  appendAroundRedis(request: AppendRequest): Promise<Appended> {
    return this.commit(request, true);
  }

  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<FoundTurn | null> {
    const found = await this.archive.find(conversationId, owner, turnId);
    return found && { ...found, durability: found.seq === null ? 'accepted' : 'committed' };
  }

  /** @param unflushed when it began (ms), for a conversation that the archive may not know yet */
  async erase(conversationId: string, owner: string | null, unflushed?: number): Promise<void> {
    await this.archive.erase(conversationId, owner, unflushed);
  }

  /** Whether this owner has erased it: then there is no such conversation, wherever its turns may still be. */
  isErased(conversationId: string, owner: string | null): Promise<boolean> {
    return this.archive.isErased(conversationId, owner);
  }

  async end(conversationId: string, owner: string | null): Promise<Conversation> {
    const tail = await this.archive.tail(conversationId, owner, 0);
    if (!tail) throw conversationNotFound();
    return tail.conversation;
  }

  private async commit(request: AppendRequest, aroundRedis: boolean): Promise<Appended> {
    const seq = await this.archive.append({ ...request, aroundRedis });
    return { seq, durability: 'committed' };
  }
}
