import type { Metadata } from './turn.js';

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is known of a conversation besides its turns. */
export interface Conversation {
  /** UUIDv4, made by the service. */
  readonly id: string;
  /** The user's id; null where callers have no identity. */
  readonly owner: string | null;
  readonly title: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch, of the newest turn. */
  readonly lastActivity: number;
  /** Turns in both tiers together. */
  readonly turnCount: number;
  readonly isArchived: boolean;
  readonly metadata: Metadata | null;
}
