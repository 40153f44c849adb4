import { Inject, Injectable, Optional } from '@nestjs/common';
import {
  conversationChanged,
  conversationNotFound,
  storageUnavailable,
} from '../conversation/errors.js';
import type { Appended } from '../conversation/history-store.js';
import {
  type StoredAppend,
  type StoredFound,
  StoredHistory,
  type StoredRecalled,
} from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchiveConversations } from '../persistence/archive-conversations.js';
import { Archive } from '../persistence/archive.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { DescribedSessions, NO_EPOCH } from './described-sessions.js';
import { orUnavailable } from './or-unavailable.js';
import { RedisEraser } from './redis.eraser.js';
import { Refusal } from './scripts.js';
import { RequestSessions } from './session.lanes.js';
import type { RecalledSession } from './session.js';

/**
 * Redis alone: sessions live for their TTL, and no longer. `end` archives the conversation where the
 * operator named a database; what was trimmed before is not in it.
 */
@Injectable()
export class RedisHistory extends StoredHistory {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sessions: RequestSessions,
    private readonly described: DescribedSessions,
    private readonly eraser: RedisEraser,
    @Optional() @Inject(Archive) private readonly archive: Archive | null,
    @Optional()
    @Inject(ArchiveConversations)
    private readonly archived: ArchiveConversations | null,
  ) {
    super();
  }

  async assertWritable(): Promise<void> {
    if (this.redis.breaker.isOpen) throw storageUnavailable();
  }

  async recall(conversationId: string, owner: string | null): Promise<StoredRecalled> {
    const { turns, lastSeq, keyring } = await this.session(conversationId, owner);
    return { source: 'hot', turns, lastSeq, keyring };
  }

  async append({ conversationId, turn, ...request }: StoredAppend): Promise<Appended> {
    const reply = await orUnavailable(
      this.sessions.append(conversationId, turn, {
        ...request,
        epoch: NO_EPOCH,
        writeBehind: false,
      }),
    );
    if (reply === Refusal.Changed) throw conversationChanged();
    if (typeof reply === 'number') throw conversationNotFound();
    return { seq: reply.seq, durability: 'accepted' };
  }

  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
  ): Promise<StoredFound | null> {
    const session = await this.present(conversationId, owner);
    const turn = session?.turns.find((each) => each.id === turnId);
    if (!session || !turn) return null;
    return { turn, seq: turn.seq, durability: 'accepted', keyring: session.keyring };
  }

  async erase(conversationId: string, owner: string | null): Promise<void> {
    const session = await this.present(conversationId, owner);
    // An ended one may be in the archive alone.
    const archived = await this.archive?.tail(conversationId, owner, 0);
    if (!session && !archived) throw conversationNotFound();
    const doomed = { conversationId, startedAt: session?.createdAt };
    await orUnavailable(this.eraser.erase([doomed], owner));
  }

  async end(conversationId: string, owner: string | null): Promise<StoredConversation> {
    for (;;) {
      // What is dropped is what this was said of: a turn that comes in after it, archived or not, makes it another one.
      const described = await this.described.read(conversationId, owner);
      const session = await this.session(conversationId, owner);
      if (!described) continue;
      const { conversation, changes } = described;
      if (this.archive && session.turns.length > 0) {
        await this.archive.commit([{ conversationId, owner, ...session }]);
        await this.archived?.describe(conversationId, owner, () => conversation);
      }
      // What came in meanwhile has to be archived first.
      const expected = { lastSeq: conversation.turnCount, changes };
      if (!(await orUnavailable(this.sessions.drop(conversationId, expected)))) continue;
      const archived = await this.archive?.tail(conversationId, owner, 0);
      return archived?.conversation ?? conversation;
    }
  }

  private async session(conversationId: string, owner: string | null): Promise<RecalledSession> {
    const session = await this.present(conversationId, owner);
    if (!session) throw conversationNotFound();
    return session;
  }

  private async present(
    conversationId: string,
    owner: string | null,
  ): Promise<RecalledSession | null> {
    const claim = { owner, epoch: NO_EPOCH };
    const reply = await orUnavailable(this.sessions.recall(conversationId, claim));
    return typeof reply === 'number' ? null : reply;
  }
}
