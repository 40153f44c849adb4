import type { Conversation } from './conversation.js';
import type { Turn } from './turn.js';

/**
 * A turn as both stores keep it, and all that moves between them: its contents may be sealed, and nobody who
 * carries it needs a key. Ids, times, sources, counts and the model are readable always.
 */
export interface StoredTurn extends Omit<Turn, 'context' | 'metadata'> {
  /** JSON: of the TurnContext, or of a text that is it sealed. */
  readonly context: string;
  /** JSON: of the metadata, or of a text that is them sealed. */
  readonly metadata: string | null;
  /** The data key that sealed question, answer, context and metadata; null: they are as they were said. */
  readonly keyId: string | null;
  /** What the operators count it by; null: nothing, or a turn that comes from the archive, which keeps them. */
  readonly topics: StoredTopics | null;
}

/** The phrases of a question, so that equal ones can be counted, and none be read without the keys. */
export interface StoredTopics {
  /** Signed 64-bit integers, in decimal digits: equal for equal phrases, whoever wrote them. */
  readonly tokens: readonly string[];
  /** The phrases in the same order: JSON, sealed with the turn. */
  readonly labels: string;
}

export interface NumberedStoredTurn extends StoredTurn {
  readonly seq: number;
}

/** A text that is stored beside the turns. */
export interface StoredText {
  readonly text: string;
  /** The data key that sealed it; null: it is as it was said. */
  readonly keyId: string | null;
}

/** A conversation as the stores keep it. */
export interface StoredConversation extends Omit<Conversation, 'metadata'> {
  /** JSON: of the metadata, or of a text that is them sealed. */
  readonly metadata: string | null;
  /** The data key that sealed title and metadata. */
  readonly keyId: string | null;
  readonly keyring: string;
}
