import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { conversationNotFound } from '../conversation/errors.js';
import { Archive } from '../persistence/archive.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { BackgroundSessions, RequestSessions } from '../session/session.lanes.js';
import { Flusher } from './flusher.js';

/** Fills sessions from the archive: those that are absent, and those that this server run cannot vouch for. */
@Injectable()
export class Restore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: RequestSessions,
    private readonly background: BackgroundSessions,
    private readonly archive: Archive,
    private readonly flusher: Flusher,
    private readonly environment: Environment,
  ) {}

  /** @throws ServiceError conversation_not_found; storage_unavailable when the archive cannot say. */
  async fill(conversationId: string, owner: string | null): Promise<void> {
    // Read before the archive is: if Redis restarts meanwhile, the session counts as stale at once.
    const { epoch } = this.redis;
    const ticket = await this.sessions.reserve(conversationId);
    const tail = await this.archive.tail(
      conversationId,
      owner,
      this.environment.maxTurnsPerSession,
    );
    if (!tail) throw conversationNotFound();
    if (ticket === null) return;
    const { createdAt, turnCount, keyring } = tail.conversation;
    const session = { owner, createdAt, lastSeq: turnCount, turns: tail.turns, keyring };
    await this.sessions.restore(conversationId, session, epoch, ticket);
  }

  /** Removes a session without losing a turn: what it holds unsynced is flushed first. */
  async discard(conversationId: string): Promise<void> {
    do await this.flusher.flushAll(conversationId);
    while (!(await this.background.drop(conversationId)));
  }
}
