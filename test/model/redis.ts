import type { Rule } from './rules.js';

export type TurnId = string;

const NO_RUN = 0;

/** MAX_MESSAGES_PER_SESSION, small enough that trimming matters. */
export const KEEP_TURNS = 2;

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
}

export interface Append {
  readonly turn: TurnId;
  readonly epoch: number;
  readonly create: boolean;
  readonly retry: boolean;
}

interface State {
  readonly sessions: Map<string, Session>;
  readonly dirty: Set<string>;
  readonly expiring: Set<string>;
  /** Nobody may fill these again, for a while that is longer than any request. */
  readonly erased: Set<string>;
}

const emptyState = (): State => ({
  sessions: new Map(),
  dirty: new Set(),
  expiring: new Set(),
  erased: new Set(),
});

/** Redis as the protocol sees it: the scripts of src/session/lua, each atomic, and what may befall the server. */
export class ModelRedis {
  /** Another one with each start of the server. */
  run = 1;
  reachable = true;
  /** Takes commands and carries them out when it wakes, also those that were given up. */
  frozen = false;
  private state = emptyState();
  private copies: State[] = [];
  private asleep: (() => void)[] = [];

  constructor(private readonly removed: ReadonlySet<Rule>) {}

  get dirty(): readonly string[] {
    return [...this.state.dirty];
  }

  get conversations(): readonly string[] {
    return [...this.state.sessions.keys()];
  }

  /** The session if all of it is there. */
  session(id: string): Session | undefined {
    const session = this.state.sessions.get(id);
    if (!session || this.removed.has('whole-session')) return session;
    return session.list.length === session.last - session.base ? session : undefined;
  }

  /** The session as an instance takes it that knows this run. */
  trusted(id: string): Session | undefined {
    const session = this.session(id);
    return session && !this.isStale(session, this.run) ? session : undefined;
  }

  isDirty(id: string): boolean {
    return this.state.dirty.has(id);
  }

  hasTtl(id: string): boolean {
    return this.state.expiring.has(id);
  }

  append(id: string, { turn, epoch, create, retry }: Append): number {
    let session = this.session(id);
    if (session && this.isStale(session, epoch)) return Refusal.Stale;
    if (!session) {
      if (!create || this.isErased(id)) return Refusal.Missing;
      this.remove(id);
      session = { epoch, base: 0, last: 0, synced: 0, list: [] };
      this.state.sessions.set(id, session);
    }
    const present = retry && !this.removed.has('find-on-retry') ? session.list.indexOf(turn) : -1;
    if (present >= 0) return session.base + 1 + present;
    session.list.push(turn);
    session.last++;
    this.state.dirty.add(id);
    if (this.removed.has('ttl-when-clean')) this.state.expiring.add(id);
    else this.state.expiring.delete(id);
    return session.last;
  }

  recall(id: string, epoch: number): Session | Refusal {
    const session = this.session(id);
    if (!session) return Refusal.Missing;
    if (this.isStale(session, epoch)) return Refusal.Stale;
    return { ...session, list: [...session.list] };
  }

  unsynced(id: string, maxTurns: number): { synced: number; turns: TurnId[] } | null {
    const session = this.session(id);
    if (!session) return null;
    const { synced, base, list } = session;
    const first = Math.max(0, synced - base);
    return { synced, turns: list.slice(first, first + maxTurns) };
  }

  /** @param agreed false when Postgres counts these turns otherwise. */
  acknowledge(id: string, seq: number, turn: TurnId, agreed: boolean): number {
    const session = this.session(id);
    if (!session) return Refusal.Missing;
    if (this.removed.has('acknowledge-by-id')) seq = Math.min(seq, session.last);
    else if (session.list[seq - session.base - 1] !== turn) return Refusal.Changed;
    if (seq > session.synced) {
      session.synced = seq;
      this.trim(session);
    }
    if (session.synced === session.last) {
      this.state.dirty.delete(id);
      this.state.expiring.add(id);
    }
    const lag = session.last - session.synced;
    if (!agreed && lag === 0 && !this.removed.has('numbers-agree')) this.remove(id);
    return lag;
  }

  /** Postgres has turns that this session lacks. */
  distrust(id: string): void {
    const session = this.session(id);
    if (!session) return;
    if (session.synced === session.last) this.remove(id);
    else session.epoch = NO_RUN;
  }

  restore(id: string, tail: readonly TurnId[], last: number, epoch: number): void {
    if (this.session(id) || this.isErased(id)) return;
    this.remove(id);
    const base = last - tail.length;
    this.state.sessions.set(id, { epoch, base, last, synced: last, list: [...tail] });
    this.state.expiring.add(id);
  }

  drop(id: string): boolean {
    const session = this.session(id);
    const lags = session !== undefined && session.last > session.synced;
    if (lags && !this.removed.has('drop-when-clean')) return false;
    this.remove(id);
    return true;
  }

  erase(id: string): void {
    this.remove(id);
    this.state.erased.add(id);
  }

  /** Only what has a TTL expires, or is evicted: one key of the two at a time. */
  expire(id: string, how: 'expired' | 'evicted'): void {
    if (!this.state.expiring.has(id)) return;
    const session = this.state.sessions.get(id);
    if (how === 'evicted' && session) session.list = [];
    else this.remove(id);
  }

  /** Turns that no other place may have. */
  get unflushed(): TurnId[] {
    return [...this.state.sessions.values()].flatMap(({ list, synced, base }) =>
      list.slice(Math.max(0, synced - base)),
    );
  }

  copy(): void {
    this.copies.push(structuredClone(this.state));
    if (this.copies.length > 4) this.copies.shift();
  }

  /** @param back what it comes back with: all it had, an older copy, or nothing. */
  restart(back: 'whole' | 'empty' | number): void {
    this.run++;
    this.frozen = false;
    this.asleep = [];
    if (back === 'whole') return;
    const copy = back === 'empty' ? undefined : this.copies[back % this.copies.length];
    this.state = copy ? structuredClone(copy) : emptyState();
  }

  empty(): void {
    this.state = emptyState();
  }

  runWhenAwake(command: () => void): void {
    this.asleep.push(command);
  }

  wake(): void {
    this.frozen = false;
    for (const command of this.asleep.splice(0)) command();
  }

  private isStale(session: Session, epoch: number): boolean {
    return session.epoch !== epoch && !this.removed.has('epoch');
  }

  private isErased(id: string): boolean {
    return this.state.erased.has(id) && !this.removed.has('shut-when-erased');
  }

  private trim(session: Session): void {
    const above = session.last - session.base - KEEP_TURNS;
    const flushed = this.removed.has('trim-below-synced') ? above : session.synced - session.base;
    const drop = Math.max(0, Math.min(above, flushed));
    session.list.splice(0, drop);
    session.base += drop;
  }

  private remove(id: string): void {
    this.state.sessions.delete(id);
    this.state.dirty.delete(id);
    this.state.expiring.delete(id);
  }
}
