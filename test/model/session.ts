export type TurnId = string;

/** MAX_MESSAGES_PER_SESSION, small enough that trimming matters. */
export const KEEP_TURNS = 2;

/** The epoch that no server ever has. */
export const NO_RUN = 0;

export enum Refusal {
  Missing = -1,
  Stale = -2,
  Changed = -3,
}

export interface Session {
  epoch: number;
  base: number;
  last: number;
  synced: number;
  list: TurnId[];
  /** Nothing of the service, like what follows: turns that were trimmed since it was filled. */
  readonly trimmed: TurnId[];
  /** Its first turn came again after Redis had lost the conversation. */
  beganAgain: boolean;
}

export interface NewTurn {
  readonly id: string;
  readonly turn: TurnId;
  /** The conversation begins with it. */
  readonly create: boolean;
  /** It has an Idempotency-Key, so that its id follows from that. */
  readonly keyed: boolean;
  /** An earlier try may have gone through. */
  readonly retry: boolean;
  /** The last seq that the caller saw, as in If-Match. */
  readonly expected: number | undefined;
  readonly durability: 'accepted' | 'committed';
}

/** What one Redis holds. */
export interface State {
  readonly sessions: Map<string, Session>;
  readonly dirty: Set<string>;
  /** Those that have a TTL. */
  readonly expiring: Set<string>;
  /** Nobody may fill these again, for a while that is longer than any request. */
  readonly erased: Set<string>;
  /** Who may fill an absent session: whoever has looked at the archive since. */
  readonly tickets: Map<string, number>;
  /** Turns whose Idempotency-Key was seen. */
  readonly claims: Set<TurnId>;
}

export const emptyState = (): State => ({
  sessions: new Map(),
  dirty: new Set(),
  expiring: new Set(),
  erased: new Set(),
  tickets: new Map(),
  claims: new Set(),
});

export const isWhole = ({ list, last, base }: Session): boolean => list.length === last - base;

export const unsyncedOf = ({ list, synced, base }: Session): TurnId[] =>
  list.slice(Math.max(0, synced - base));
