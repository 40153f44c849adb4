import type { Appended, AppendRequest, FoundTurn, Recalled } from './history-store.js';
import type {
  NumberedStoredTurn,
  StoredConversation,
  StoredText,
  StoredTurn,
} from './stored-turn.js';

export interface StoredRecalled extends Omit<Recalled, 'turns'> {
  /** The newest turns, oldest first. */
  readonly turns: readonly NumberedStoredTurn[];
}

export interface StoredAppend extends Omit<AppendRequest, 'turn' | 'title'> {
  readonly turn: StoredTurn;
  /** The title of a conversation that begins with this turn. */
  readonly title: StoredText | null;
}

export interface StoredFound extends Omit<FoundTurn, 'turn'> {
  readonly turn: StoredTurn;
  /** Holds the data key of the turn. */
  readonly keyring: string;
}

/**
 * Where conversations are kept, as they are kept: one implementation for each architecture of `HISTORY_MODE` that
 * keeps any. What HistoryStore guarantees and throws, each of these does. Whatever carries a turn carries the data
 * key that it was sealed under, and each store adds that to the conversation's keyring in one act with the turn.
 */
export abstract class StoredHistory {
  abstract assertWritable(durability: AppendRequest['durability']): Promise<void>;

  abstract recall(conversationId: string, owner: string | null): Promise<StoredRecalled>;

  abstract append(request: StoredAppend): Promise<Appended>;

  abstract find(
    conversationId: string,
    owner: string | null,
    turnId: string,
    durability: AppendRequest['durability'],
  ): Promise<StoredFound | null>;

  abstract erase(conversationId: string, owner: string | null): Promise<void>;

  abstract end(conversationId: string, owner: string | null): Promise<StoredConversation>;
}
