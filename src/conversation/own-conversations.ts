import type { Conversation } from './conversation.js';
import type { ExportedTurn } from './owner-export.js';
import type { Metadata } from './turn.js';

/** A conversation as it is shown; title and metadata are null where they cannot be decrypted. */
export interface ShownConversation extends Conversation {
  readonly unreadable: boolean;
}

/** Where in its owner's list a conversation stands: the newest activity first, then by id. */
export interface ListPlace {
  /** ISO 8601 in UTC with six decimals, as exact as Postgres has it: a text that compares like its time. */
  readonly lastActivity: string;
  readonly id: string;
}

export interface ListRequest {
  readonly limit: number;
  /** null: from the top. */
  readonly after: ListPlace | null;
  readonly archived: boolean;
}

export interface ConversationList {
  readonly conversations: readonly ShownConversation[];
  /** Where to go on; null at the end. */
  readonly next: ListPlace | null;
}

/** The newest `limit` turns below a place, or below none. */
export interface TurnsRequest {
  readonly limit: number;
  readonly beforeSeq: number | null;
}

export type PlacedTurn = Omit<ExportedTurn, 'type' | 'conversationId'>;

export interface TurnPage {
  /** Oldest first. */
  readonly turns: readonly PlacedTurn[];
  /** Below which there are more; null: there are none. */
  readonly nextBefore: number | null;
}

/** What is not named stays; null takes it away. */
export interface ConversationChange {
  readonly title?: string | null;
  readonly metadata?: Metadata | null;
  readonly isArchived?: boolean;
}

/**
 * A user's own conversations, out of both tiers. Guaranteed: a list that is read page by page has each conversation
 * once, whatever begins meanwhile; turns are in one dense order, also those that are not archived yet; of two changes
 * at once, neither undoes what only the other one names.
 * All methods throw ServiceError: conversation_not_found, storage_unavailable, not_in_this_mode, and what they name.
 */
export abstract class OwnConversations {
  /** @throws forbidden where callers have no identity. */
  abstract list(owner: string | null, request: ListRequest): Promise<ConversationList>;

  abstract read(conversationId: string, owner: string | null): Promise<ShownConversation>;

  abstract turns(
    conversationId: string,
    owner: string | null,
    request: TurnsRequest,
  ): Promise<TurnPage>;

  /** @throws turn_not_found. */
  abstract turn(conversationId: string, owner: string | null, turnId: string): Promise<PlacedTurn>;

  /** @throws decryption_failed when what is not named has to be sealed anew, and cannot be opened. */
  abstract change(
    conversationId: string,
    owner: string | null,
    change: ConversationChange,
  ): Promise<ShownConversation>;
}
