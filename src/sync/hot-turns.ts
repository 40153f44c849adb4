import { Injectable } from '@nestjs/common';
import { hasCode } from '../conversation/errors.js';
import type { TurnsRequest } from '../conversation/own-conversations.js';
import type { StoredTurnPage } from '../conversation/stored-conversations.js';
import type { StoredFound } from '../conversation/stored-history.js';
import type { StoredConversation, StoredTurn } from '../conversation/stored-turn.js';
import { ArchivePages } from '../persistence/archive-pages.js';
import { Archive } from '../persistence/archive.js';
import { pageOf } from '../persistence/database.conversations.js';
import { RedisUnavailable } from '../redis/lane.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { SessionInspector } from '../session/session.inspector.js';
import { RequestSessions } from '../session/session.lanes.js';
import type { RecalledSession } from '../session/session.js';
import { type BothTiers, conversationOf, Unarchived } from './unarchived.js';

// What one reply holds in memory: an answer may have a megabyte.
const MAX_BYTES = 4 * 1024 * 1024;

/** What sessions have for whoever reads a conversation; as requests ask, at once or not at all. */
@Injectable()
export class HotTurns {
  private readonly unarchived: Unarchived;

  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: RequestSessions,
    archive: Archive,
    pages: ArchivePages,
  ) {
    const inspector = new SessionInspector(redis.requests);
    this.unarchived = new Unarchived(inspector, sessions, archive, pages);
  }

  /** @throws RedisUnavailable, ServiceError storage_unavailable. */
  find(conversationId: string, owner: string | null): Promise<BothTiers> {
    return this.unarchived.find(conversationId, owner);
  }

  /**
   * The newest of turns that follow on one another, as they lie in the session at these places: all of them, unless they
   * are too large together. @returns null when one of them is not unsynced any more. @throws RedisUnavailable.
   */
  async turns(
    conversationId: string,
    wanted: readonly (readonly [id: string, place: number])[],
  ): Promise<Omit<StoredFound, 'seq'>[] | null> {
    let turns: Omit<StoredFound, 'seq'>[] = [];
    let seen = 0;
    for (const last = wanted.at(-1)?.[1] ?? 0; seen < wanted.length;) {
      const [, place] = wanted[seen]!;
      const count = last - place + 1;
      const page = await this.sessions.unsynced(conversationId, count, MAX_BYTES, place - 1);
      if (!page || page.turns.length === 0) return null;
      const { keyring } = page;
      for (const turn of page.turns) {
        if (turn.id !== wanted[seen++]?.[0]) return null;
        turns.push({ turn, durability: 'accepted', keyring });
      }
      turns = newestThatFit(turns);
    }
    return turns;
  }

  /** The conversation where Postgres cannot be asked, and Redis alone knows it. @throws the reason otherwise. */
  async alone(
    conversationId: string,
    owner: string | null,
    reason: unknown,
  ): Promise<StoredConversation> {
    const session = await this.recall(conversationId, owner, reason);
    const { lastSeq, syncedSeq, createdAt, turns } = session;
    // What the archive has of it may say otherwise.
    if (syncedSeq > 0) throw reason;
    const conversation = conversationOf(conversationId, { owner, ...session });
    const lastActivity = turns.at(-1)?.createdAt ?? createdAt;
    return { ...conversation, turnCount: lastSeq, lastActivity };
  }

  /** A page where Postgres cannot be asked, and the session has all of it. @throws the reason otherwise. */
  async page(
    conversationId: string,
    owner: string | null,
    { limit, beforeSeq }: TurnsRequest,
    reason: unknown,
  ): Promise<StoredTurnPage> {
    const session = await this.recall(conversationId, owner, reason);
    const { lastSeq, syncedSeq, keyring } = session;
    const upToSeq = Math.min(lastSeq, (beforeSeq ?? Infinity) - 1);
    const afterSeq = Math.max(0, upToSeq - limit);
    const page = session.turns.filter(({ seq }) => seq > afterSeq && seq <= upToSeq);
    if (page.length < upToSeq - afterSeq) throw reason;
    return pageOf(
      newestThatFit(
        page.map(({ seq, ...turn }) => ({
          turn,
          seq,
          durability: seq > syncedSeq ? ('accepted' as const) : ('committed' as const),
          keyring,
        })),
      ),
    );
  }

  private async recall(
    conversationId: string,
    owner: string | null,
    reason: unknown,
  ): Promise<RecalledSession> {
    if (!hasCode(reason, 'storage_unavailable')) throw reason;
    const claim = { owner, epoch: this.redis.epoch };
    const reply = await this.sessions.recall(conversationId, claim).catch((error: unknown) => {
      throw error instanceof RedisUnavailable ? reason : error;
    });
    if (typeof reply === 'number') throw reason;
    return reply;
  }
}

/** One at least. */
function newestThatFit<T extends { readonly turn: StoredTurn }>(turns: readonly T[]): T[] {
  let bytes = 0;
  const isTooMuch = ({ turn: { question, answer } }: T) =>
    (bytes += Buffer.byteLength(question) + Buffer.byteLength(answer)) > MAX_BYTES;
  return turns.slice(Math.min(turns.findLastIndex(isTooMuch) + 1, turns.length - 1));
}
