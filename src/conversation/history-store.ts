import type { Conversation } from './conversation.js';
import type { Durability, HistoryTurn, HistoryUse, Turn } from './turn.js';

export interface Recalled {
  readonly source: HistoryUse['source'];
  /** The newest turns, oldest first. */
  readonly turns: readonly HistoryTurn[];
  /** The place of the newest turn; 0 when there is none. */
  readonly lastSeq: number;
  /** The conversation's data keys, wrapped; the next turn is appended with them. */
  readonly keyring: string;
}

export interface AppendRequest {
  readonly conversationId: string;
  readonly owner: string | null;
  readonly turn: Turn;
  /** The conversation begins with this turn. */
  readonly create: boolean;
  /** What a conversation that begins is called. */
  readonly title: string | null;
  /** What `recall` gave; '' for a conversation that begins. */
  readonly keyring: string;
  /** Refuse unless this is the place of the newest turn. */
  readonly expectedSeq?: number | undefined;
  readonly durability: 'accepted' | 'committed';
  /** An earlier try with the same turn id may have gone through. */
  readonly retry: boolean;
}

/** A turn that is there, with its place and how safe it is by now. */
export interface FoundTurn {
  readonly turn: Turn;
  /** Null for a dead letter: it has no place until it is archived. */
  readonly seq: number | null;
  readonly durability: Appended['durability'];
}

export interface Appended {
  readonly seq: number;
  /** What truly happened; may be more than what was asked for. */
  readonly durability: Exclude<Durability, 'none'>;
}

/**
 * What is said in conversations, kept: everybody above speaks of plain turns, and StoredHistory below of what the
 * stores hold. Guaranteed: `append` stores the turn once and after all earlier ones, or throws; "unavailable"
 * never looks like "not found" or like an empty history; nobody sees what is not theirs.
 * All methods throw ServiceError: conversation_not_found, storage_unavailable, and what they name; those that give
 * contents decryption_failed too.
 */
export abstract class HistoryStore {
  /** Asked before the engine is. @throws storage_unavailable, too_many_unsynced: such a turn could not be kept now. */
  abstract assertWritable(durability: AppendRequest['durability']): Promise<void>;

  abstract recall(conversationId: string, owner: string | null): Promise<Recalled>;

  /** @throws conversation_changed when `expectedSeq` is no longer true. */
  abstract append(request: AppendRequest): Promise<Appended>;

  /**
   * A turn by its ids, or null; waits for its commit where that durability is asked for.
   * @throws storage_unavailable when it cannot be committed in time.
   */
  abstract find(
    conversationId: string,
    owner: string | null,
    turnId: string,
    durability: AppendRequest['durability'],
  ): Promise<FoundTurn | null>;

  /**
   * Erases a conversation in both tiers, for good: no turn that is still in flight brings it back.
   * @throws conversation_not_found, storage_unavailable.
   */
  abstract erase(conversationId: string, owner: string | null): Promise<void>;

  /** Ends the hot copy: what is durable stays. */
  abstract end(conversationId: string, owner: string | null): Promise<Conversation>;
}
