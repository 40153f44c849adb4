import type { NumberedStoredTurn, StoredText, StoredTurn } from '../conversation/stored-turn.js';

export interface SessionLimits {
  readonly ttlSeconds: number;
  readonly maxTurns: number;
}

/** Who asks, and under which run of the server a session is to be trusted. */
export interface SessionClaim {
  readonly owner: string | null;
  readonly epoch: string;
}

export interface AppendOptions extends SessionClaim {
  /** The last seq that the caller expects. */
  readonly expectedSeq?: number | undefined;
  /** Creates an absent session: only for the first turn of a conversation. */
  readonly create: boolean;
  /** An earlier try may have gone through: look for the turn before adding it. */
  readonly retry: boolean;
  /** False where no archive stands behind Redis: then the turn expires with its session. */
  readonly writeBehind: boolean;
  /** The data key that sealed the turn. */
  readonly keyring: string;
  /** Of a session that is created. */
  readonly title: StoredText | null;
}

export interface AppendedTurn {
  readonly seq: number;
  /** The turn before it; '' when there is none, or none any more. */
  readonly previousTurnId: string;
}

export interface RecalledSession {
  readonly lastSeq: number;
  readonly syncedSeq: number;
  readonly createdAt: number;
  /** The newest turns, oldest first. */
  readonly turns: readonly NumberedStoredTurn[];
  readonly keyring: string;
  /** Where the session was not filled from the archive, which has it. */
  readonly title: StoredText | null;
}

/** A turn of a session, if there is one, and the keyring that has its data key. */
export interface FoundInSession {
  readonly turn: NumberedStoredTurn | null;
  readonly keyring: string;
}

export interface UnsyncedTurns {
  readonly syncedSeq: number;
  readonly lastSeq: number;
  readonly owner: string | null;
  readonly createdAt: number;
  /** The oldest unsynced turns, oldest first; the first has the seq `syncedSeq + 1`. */
  readonly turns: readonly StoredTurn[];
  readonly keyring: string;
  readonly title: StoredText | null;
}

export interface ErasedSession {
  readonly existed: boolean;
  readonly turns: readonly StoredTurn[];
}

export interface RestoredSession {
  readonly owner: string | null;
  readonly createdAt: number;
  readonly lastSeq: number;
  readonly turns: readonly StoredTurn[];
  readonly keyring: string;
}
