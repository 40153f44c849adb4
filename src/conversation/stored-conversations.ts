import type {
  ConversationList,
  ListPlace,
  ListRequest,
  TurnsRequest,
} from './own-conversations.js';
import type { StoredFound } from './stored-history.js';
import type { StoredConversation } from './stored-turn.js';

export interface StoredList extends Omit<ConversationList, 'conversations'> {
  readonly conversations: readonly StoredConversation[];
}

export interface StoredTurnPage {
  /** Oldest first. */
  readonly turns: readonly StoredFound[];
  readonly nextBefore: number | null;
}

/** What a user has said of a conversation, as it is kept. */
export interface StoredDescription extends Pick<
  StoredConversation,
  'title' | 'metadata' | 'keyId' | 'isArchived'
> {
  /** The entry of the data key that sealed it; '' without one. */
  readonly keyring: string;
}

/**
 * Makes the new description out of the one that is kept. Called by the store in the very act that replaces it, perhaps
 * several times.
 */
export type Describe = (current: StoredConversation) => StoredDescription;

/** What OwnConversations gives and changes, as it is kept: one implementation for each architecture that keeps any. */
export abstract class StoredConversations {
  abstract list(owner: string | null, request: ListRequest): Promise<StoredList>;

  abstract read(conversationId: string, owner: string | null): Promise<StoredConversation>;

  abstract turns(
    conversationId: string,
    owner: string | null,
    request: TurnsRequest,
  ): Promise<StoredTurnPage>;

  abstract change(
    conversationId: string,
    owner: string | null,
    describe: Describe,
  ): Promise<StoredConversation>;
}

const MICROSECONDS = /\.(\d{3})Z$/;

/** The place of a conversation whose times are known in milliseconds. */
export const placeOf = ({ id, lastActivity }: StoredConversation): ListPlace => ({
  lastActivity: new Date(lastActivity).toISOString().replace(MICROSECONDS, '.$1000Z'),
  id,
});
