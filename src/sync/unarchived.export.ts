import { Injectable } from '@nestjs/common';
import type { StoredExported, StoredExportedTurn } from '../conversation/stored-export.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchivePages } from '../persistence/archive-pages.js';
import { Archive } from '../persistence/archive.js';
import { DatabaseExport } from '../persistence/database.export.js';
import { SessionInspector } from '../session/session.inspector.js';
import { BackgroundSessions } from '../session/session.lanes.js';
import type { UnsyncedTurns } from '../session/session.js';

// As the flush reads them.
const MAX_TURNS = 500;
const MAX_BYTES = 4 * 1024 * 1024;

/** A conversation of which Redis has turns that Postgres does not take. */
interface Unarchived {
  /** `turnCount` of the archive's. */
  readonly conversation: StoredConversation;
  /** Ids of the turns that are to follow on the archived ones, in their order; what was shown is taken out. */
  readonly left: Set<string>;
}

/**
 * Shows a conversation out of both tiers, in one dense order. Turns that leave Redis while it is shown are looked for in
 * the archive; turns that are accepted meanwhile are left out. A Redis that is taken for away for a moment is asked all the
 * same, as a flush does: what has been given already cannot be taken back.
 */
@Injectable()
export class UnarchivedExport {
  constructor(
    private readonly inspector: SessionInspector,
    private readonly sessions: BackgroundSessions,
    private readonly archive: Archive,
    private readonly pages: ArchivePages,
    private readonly archived: DatabaseExport,
  ) {}

  /** @throws RedisUnavailable, ServiceError storage_unavailable. */
  async *export(conversationId: string, owner: string): AsyncGenerator<StoredExported> {
    const found = await this.find(conversationId, owner);
    if (!found) return;
    const { conversation, left } = found;
    const turnCount = conversation.turnCount + left.size;
    yield { type: 'conversation', conversation: { ...conversation, turnCount } };
    yield* this.archived.turns([conversation]);
    let seq = conversation.turnCount;
    for await (const turn of this.following(conversation, owner, left)) {
      if (left.delete(turn.turn.id)) yield { ...turn, seq: ++seq };
    }
    yield* this.archived.letters(conversationId, owner);
  }

  private async find(conversationId: string, owner: string): Promise<Unarchived | null> {
    const inspected = await this.inspector.inspect(conversationId);
    const session = await this.sessions.unsynced(conversationId, 0, 0);
    const archived = await this.pages.conversation(conversationId, owner);
    const isOnlyHot = archived === 'unknown' && session?.owner === owner;
    const conversation = isOnlyHot ? conversationOf(conversationId, session) : archived;
    if (typeof conversation === 'string') return null;
    const unsynced = inspected?.turnIds.slice(inspected.synced - inspected.base) ?? [];
    const places = await this.archive.numbersOf(unsynced);
    const isArchived = (id: string) => (places.get(id) ?? Infinity) <= conversation.turnCount;
    return { conversation, left: new Set(unsynced.filter((id) => !isArchived(id))) };
  }

  /** Until nothing is left: what Redis has, and before it what the archive has got meanwhile. */
  private async *following(
    conversation: StoredConversation,
    owner: string,
    left: ReadonlySet<string>,
  ): AsyncGenerator<StoredExportedTurn> {
    const { id: conversationId, turnCount } = conversation;
    for (let seen = 0; left.size > 0;) {
      const page = await this.sessions.unsynced(conversationId, MAX_TURNS, MAX_BYTES, seen);
      const [next] = left;
      if (page?.turns[0]?.id !== next) {
        const archived = await this.pages.conversation(conversationId, owner);
        if (typeof archived === 'object') yield* this.archived.turns([archived], turnCount);
      }
      if (!page || page.turns.length === 0) return;
      seen = Math.max(seen, page.syncedSeq) + page.turns.length;
      const { keyring } = page;
      for (const turn of page.turns) {
        yield { type: 'turn', conversationId, turn, seq: null, durability: 'accepted', keyring };
      }
    }
  }
}

/** One that is not archived yet. */
function conversationOf(id: string, session: UnsyncedTurns): StoredConversation {
  const { owner, createdAt, title, keyring } = session;
  return {
    id,
    owner,
    title: title?.text ?? null,
    createdAt,
    lastActivity: createdAt,
    turnCount: 0,
    isArchived: false,
    metadata: null,
    keyId: title?.keyId ?? null,
    keyring,
  };
}
