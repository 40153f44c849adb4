import type { Conversation } from './conversation.js';
import type { Appended } from './history-store.js';
import type { Metadata, Turn } from './turn.js';

/** A turn as it is shown; null texts where its contents cannot be decrypted. */
export interface ShownTurn extends Omit<
  Turn,
  'question' | 'answer' | 'metadata' | 'context' | 'idempotency'
> {
  readonly question: string | null;
  readonly answer: string | null;
  readonly metadata: Metadata | null;
  readonly unreadable: boolean;
}

export interface ExportedConversation {
  readonly type: 'conversation';
  readonly conversation: Conversation;
  /** Its title and metadata cannot be decrypted, and are null. */
  readonly unreadable: boolean;
}

export interface ExportedTurn {
  readonly type: 'turn';
  readonly conversationId: string;
  readonly turn: ShownTurn;
  /** Null for a dead letter. */
  readonly seq: number | null;
  readonly durability: Appended['durability'];
}

export type Exported = ExportedConversation | ExportedTurn;

/** Gives everything of an owner: each conversation, and then its turns, in their order. */
export abstract class OwnerExport {
  /**
   * Guaranteed: all that was acknowledged before it began and is not erased meanwhile; nothing is held while the taker
   * is slow. Whoever stops taking has to say so to the generator.
   * @throws not_in_this_mode, forbidden, storage_unavailable: at the first item, or later.
   */
  abstract exportAll(owner: string | null): AsyncGenerator<Exported>;
}
