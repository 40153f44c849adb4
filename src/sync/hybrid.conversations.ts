import { Injectable } from '@nestjs/common';
import { assertKnown, hasCode, storageUnavailable } from '../conversation/errors.js';
import type { ListPlace, ListRequest, TurnsRequest } from '../conversation/own-conversations.js';
import {
  type Describe,
  placeOf,
  StoredConversations,
  type StoredList,
  type StoredTurnPage,
} from '../conversation/stored-conversations.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchiveConversations, type ListedRow } from '../persistence/archive-conversations.js';
import { orUnavailable } from '../session/or-unavailable.js';
import { Flusher } from './flusher.js';
import { LateConversations } from './late-conversations.js';
import { TwoTiers } from './two-tiers.js';

// The second one finds the row that the first one had flushed.
const MAX_TRIES = 3;

/**
 * Both tiers. What is listed is in the archive, or is brought there first; what Postgres does not take now is listed as
 * Redis has it. What a user says of a conversation is the archive's alone, so no flush and no restore undoes it.
 */
@Injectable()
export class HybridConversations extends StoredConversations {
  constructor(
    private readonly tiers: TwoTiers,
    private readonly archive: ArchiveConversations,
    private readonly late: LateConversations,
    private readonly flusher: Flusher,
  ) {
    super();
  }

  async list(owner: string | null, request: ListRequest): Promise<StoredList> {
    assertKnown(owner);
    const { limit, after } = request;
    const late = await this.late.settle(owner);
    const archived = await this.archive.list(owner, { ...request, limit: limit + 1 }, late);
    const unarchived = (
      await Promise.all(late.map((id) => this.listed(id, owner, request)))
    ).flat();
    const rows = [...archived, ...unarchived]
      .filter(({ place }) => !after || compare(after, place) < 0)
      .toSorted((one, other) => compare(one.place, other.place));
    const listed = rows.slice(0, limit);
    return {
      conversations: listed.map(({ conversation }) => conversation),
      next: rows.length > limit ? listed.at(-1)!.place : null,
    };
  }

  read(conversationId: string, owner: string | null): Promise<StoredConversation> {
    return this.tiers.read(conversationId, owner);
  }

  turns(
    conversationId: string,
    owner: string | null,
    request: TurnsRequest,
  ): Promise<StoredTurnPage> {
    return this.tiers.turns(conversationId, owner, request);
  }

  async change(
    conversationId: string,
    owner: string | null,
    describe: Describe,
  ): Promise<StoredConversation> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (await this.archive.describe(conversationId, owner, describe)) {
        return this.read(conversationId, owner);
      }
      // Whose it is; then its flush makes the row.
      await this.read(conversationId, owner);
      await orUnavailable(this.flusher.flushAll(conversationId));
    }
    throw storageUnavailable();
  }

  /** One that Redis has turns of; none where it does not belong into this list, or was erased meanwhile. */
  private async listed(
    id: string,
    owner: string,
    { archived }: ListRequest,
  ): Promise<readonly ListedRow[]> {
    try {
      const conversation = await this.read(id, owner);
      return conversation.isArchived === archived
        ? [{ conversation, place: placeOf(conversation) }]
        : [];
    } catch (error) {
      if (hasCode(error, 'conversation_not_found')) return [];
      throw error;
    }
  }
}

/** Below zero when the first one comes first. */
function compare(one: ListPlace, other: ListPlace): number {
  if (one.lastActivity !== other.lastActivity) {
    return one.lastActivity > other.lastActivity ? -1 : 1;
  }
  return one.id < other.id ? -1 : Number(one.id !== other.id);
}
