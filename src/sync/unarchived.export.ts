import { Injectable } from '@nestjs/common';
import type { StoredExported, StoredExportedTurn } from '../conversation/stored-export.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchivePages } from '../persistence/archive-pages.js';
import { Archive } from '../persistence/archive.js';
import { DatabaseExport } from '../persistence/database.export.js';
import { SessionInspector } from '../session/session.inspector.js';
import { BackgroundSessions } from '../session/session.lanes.js';
import { Unarchived } from './unarchived.js';

// As the flush reads them.
const MAX_TURNS = 500;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Shows a conversation out of both tiers, in one dense order. Turns that leave Redis while it is shown are looked for in
 * the archive; turns that are accepted meanwhile are left out. A Redis that is taken for away for a moment is asked all the
 * same, as a flush does: what has been given already cannot be taken back.
 */
@Injectable()
export class UnarchivedExport {
  private readonly unarchived: Unarchived;

  constructor(
    inspector: SessionInspector,
    archive: Archive,
    private readonly sessions: BackgroundSessions,
    private readonly pages: ArchivePages,
    private readonly archived: DatabaseExport,
  ) {
    this.unarchived = new Unarchived(inspector, sessions, archive, pages);
  }

  /** @throws RedisUnavailable, ServiceError storage_unavailable. */
  async *export(conversationId: string, owner: string): AsyncGenerator<StoredExported> {
    const { conversation, places } = await this.unarchived.find(conversationId, owner);
    if (typeof conversation === 'string') return;
    // What was shown is taken out.
    const left = new Set(places.keys());
    const turnCount = conversation.turnCount + left.size;
    yield { type: 'conversation', conversation: { ...conversation, turnCount } };
    yield* this.archived.turns([conversation]);
    let seq = conversation.turnCount;
    for await (const turn of this.following(conversation, owner, left)) {
      if (left.delete(turn.turn.id)) yield { ...turn, seq: ++seq };
    }
    yield* this.archived.letters(conversationId, owner);
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
