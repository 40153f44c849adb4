import type { ExportedTurn } from './owner-export.js';
import type { StoredConversation, StoredTurn } from './stored-turn.js';

export interface StoredExportedConversation {
  readonly type: 'conversation';
  readonly conversation: StoredConversation;
}

export interface StoredExportedTurn extends Omit<ExportedTurn, 'turn'> {
  readonly turn: StoredTurn;
  /** Holds the data key of the turn. */
  readonly keyring: string;
}

export type StoredExported = StoredExportedConversation | StoredExportedTurn;

/** What OwnerExport gives, as it is kept. */
export abstract class StoredExport {
  abstract exportAll(owner: string | null): AsyncGenerator<StoredExported>;
}
