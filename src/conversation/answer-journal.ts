import type { PlannedTurn } from './claims.js';
import type { HistoryUse, IdempotencyMark, Metadata } from './turn.js';

/** What is known of a turn when its answer begins: with it, anybody can keep what was said. */
export interface AnswerHead extends PlannedTurn {
  readonly owner: string | null;
  /** The conversation begins with this turn. */
  readonly create: boolean;
  /** The conversation's data keys, wrapped. */
  readonly keyring: string;
  readonly question: string;
  readonly metadata: Metadata | null;
  readonly idempotency: IdempotencyMark | null;
  readonly expectedSeq: number | undefined;
  /** Its owner's when the conversation began, see OwnerErasure; undefined: nobody knows. */
  readonly erasureMark: string | null | undefined;
  readonly history: HistoryUse;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** One thing that happened to an answer, as JSON; the journal does not look into it. */
export type JournalEvent = object;

/** How far somebody has read: an entry of the journal, and the events up to it. */
export interface JournalPlace {
  readonly entry: string;
  readonly events: number;
}

export const JOURNAL_START: JournalPlace = { entry: '', events: 0 };

/** `dead`: its instance gives no sign of life. `taken`: another one keeps what was said. */
export type JournalState = 'absent' | 'running' | 'dead' | 'taken' | 'ended';

export interface JournalPage {
  readonly state: JournalState;
  readonly owner: string | null;
  readonly events: readonly JournalEvent[];
  readonly next: JournalPlace;
}

export interface RunningAnswer {
  readonly turnId: string;
  readonly owner: string | null;
}

export interface JournalListener {
  /** Somebody wants the answer to stop. */
  stopWanted(): void;
  /** Another instance took this one for dead, and keeps what was said until then. */
  taken(): void;
  /** The conversation is erased: nothing of the answer will be kept. */
  erased(): void;
}

/** Puts down the events of one answer, as they are added to the list that it was opened with. */
export interface JournalWriter {
  /** There are more events. */
  more(): void;
  /**
   * Adds the last event.
   * @param keep false: nothing of it may be left
   * @returns `ended`: nobody else has touched it. `taken`: see JournalListener. `unsure`: perhaps.
   */
  end(event: JournalEvent, keep: boolean): Promise<'ended' | 'taken' | 'unsure'>;
  /** Gives no more signs of life: others will keep what was said. */
  abandon(): void;
}

/** An answer whose instance died, to be kept and ended by whoever took it over. */
export interface TakenAnswer {
  readonly head: AnswerHead;
  readonly events: readonly JournalEvent[];
  /** From its beginning to the last event that was put down. */
  readonly lastedMs: number;
  /** Adds the last event. @param keep as in JournalWriter */
  end(event: JournalEvent, keep: boolean): Promise<void>;
}

/**
 * The answers that are running, where all instances see them: so any of them shows one to its reader, stops it, and
 * keeps what was said when its instance dies. Best effort: an answer never waits for its journal.
 * Methods throw ServiceError storage_unavailable, those that give contents decryption_failed too.
 */
export abstract class AnswerJournal {
  /** False where instances share nothing: then no answer is resumed. */
  abstract readonly isShared: boolean;

  /** @param events grows while the answer runs */
  abstract open(
    head: AnswerHead,
    events: readonly JournalEvent[],
    listener: JournalListener,
  ): JournalWriter | null;

  /** The answers that run in a conversation, the newest first. */
  abstract running(conversationId: string): Promise<readonly RunningAnswer[]>;

  abstract read(turn: PlannedTurn, after: JournalPlace): Promise<JournalPage>;

  abstract stop(turn: PlannedTurn): Promise<void>;

  /** @returns null when it is not dead, or somebody else was quicker. */
  abstract takeOver(turn: PlannedTurn): Promise<TakenAnswer | null>;

  /** Answers whose instance died. */
  abstract dead(): Promise<readonly PlannedTurn[]>;
}

/** Where there is no Redis, an answer is known to its own instance alone. */
export class NoJournal extends AnswerJournal {
  readonly isShared = false;

  open(): null {
    return null;
  }

  async running(): Promise<readonly RunningAnswer[]> {
    return [];
  }

  async read(_turn: PlannedTurn, next: JournalPlace): Promise<JournalPage> {
    return { state: 'absent', owner: null, events: [], next };
  }

  async stop(): Promise<void> {}

  async takeOver(): Promise<null> {
    return null;
  }

  async dead(): Promise<readonly PlannedTurn[]> {
    return [];
  }
}
