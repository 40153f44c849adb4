import type { StoredConversation } from '../conversation/stored-turn.js';
import type { ArchivePages } from '../persistence/archive-pages.js';
import type { Archive } from '../persistence/archive.js';
import type { SessionInspector } from '../session/session.inspector.js';
import type { SessionStore } from '../session/session.store.js';
import type { UnsyncedTurns } from '../session/session.js';

/** A conversation as both tiers have it. */
export interface BothTiers {
  /** As the archive has it, or as Redis has it that alone knows it; `gone` and `unknown` as ArchivePages says. */
  readonly conversation: StoredConversation | 'gone' | 'unknown';
  /** The turns that are to follow on the archived ones, in their order: the place of each in its session, by its id. */
  readonly places: ReadonlyMap<string, number>;
  readonly isHot: boolean;
}

/**
 * Finds what of a conversation is not archived. Redis is asked first: what leaves it meanwhile is in the archive.
 * Nothing that it does prolongs or changes a session.
 */
export class Unarchived {
  constructor(
    private readonly inspector: SessionInspector,
    private readonly sessions: SessionStore,
    private readonly archive: Archive,
    private readonly pages: ArchivePages,
  ) {}

  /** @throws RedisUnavailable, ServiceError storage_unavailable. */
  async find(conversationId: string, owner: string | null): Promise<BothTiers> {
    const inspected = await this.inspector.inspect(conversationId);
    const session = inspected && (await this.sessions.unsynced(conversationId, 0, 0));
    const archived = await this.pages.conversation(conversationId, owner);
    const isOnlyHot = archived === 'unknown' && session?.owner === owner;
    const conversation = isOnlyHot ? conversationOf(conversationId, session) : archived;
    if (typeof conversation === 'string' || !session) {
      return { conversation, places: new Map(), isHot: session !== null };
    }
    const { base, synced } = inspected;
    const unsynced = inspected.turnIds
      .map((id, index): [string, number] => [id, base + index + 1])
      .filter(([, place]) => place > synced);
    const archivedAs = await this.archivedPlaces(unsynced.map(([id]) => id));
    const isArchived = (id: string) => (archivedAs.get(id) ?? Infinity) <= conversation.turnCount;
    return {
      conversation,
      places: new Map(unsynced.filter(([id]) => !isArchived(id))),
      isHot: true,
    };
  }

  private async archivedPlaces(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return ids.length === 0 ? new Map() : this.archive.numbersOf(ids);
  }
}

/** One that is not archived yet. */
export function conversationOf(
  id: string,
  session: Pick<UnsyncedTurns, 'owner' | 'createdAt' | 'title' | 'keyring'>,
): StoredConversation {
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
