import type { Rule } from './rules.js';
import { KEEP_TURNS, type NewTurn, NO_RUN, Refusal, type Session, type TurnId } from './session.js';
import { isWhole, type State, unsyncedOf } from './session.js';

interface Appended {
  readonly seq: number;
  /** The turn that it follows; '' when it is the first. */
  readonly previous: TurnId;
}

/** src/session/lua, script by script: each happens wholly or not at all. */
export class Scripts {
  private tickets = 0;

  constructor(
    private readonly server: { readonly state: State },
    private readonly removed: ReadonlySet<Rule>,
    private readonly onAppended: (turn: NewTurn, session: Session) => void,
  ) {}

  /** The session if all of it is there. */
  read(id: string): Session | undefined {
    const session = this.state.sessions.get(id);
    return session && (isWhole(session) || this.removed.has('whole-session')) ? session : undefined;
  }

  append(request: NewTurn, epoch: number): Appended | Refusal {
    const { id, turn, expected } = request;
    let session = this.read(id);
    if (session && this.isStale(session, epoch)) return Refusal.Stale;
    if (!session) {
      const creates = request.create || this.removed.has('create-first-only');
      if (!creates || this.isErased(id)) return Refusal.Missing;
      this.remove(id);
      session = { epoch, base: 0, last: 0, synced: 0, list: [], trimmed: [], beganAgain: false };
      this.state.sessions.set(id, session);
    }
    const looks =
      (request.retry && !this.removed.has('find-on-retry')) ||
      (request.keyed && !this.removed.has('find-when-keyed'));
    const present = looks ? session.list.indexOf(turn) : -1;
    if (present >= 0) {
      return { seq: session.base + 1 + present, previous: session.list[present - 1] ?? '' };
    }
    const changed = expected !== undefined && expected !== session.last;
    if (changed && !this.removed.has('if-match-in-append')) return Refusal.Changed;
    const previous = session.list.at(-1) ?? '';
    session.list.push(turn);
    session.last++;
    this.state.dirty.add(id);
    if (this.removed.has('ttl-when-clean')) this.state.expiring.add(id);
    else this.state.expiring.delete(id);
    this.onAppended(request, session);
    return { seq: session.last, previous };
  }

  /** A copy of the session: what a reply shows. */
  recall(id: string, epoch: number): Session | Refusal {
    const session = this.read(id);
    if (!session) return Refusal.Missing;
    if (this.isStale(session, epoch)) return Refusal.Stale;
    return { ...session, list: [...session.list] };
  }

  unsynced(id: string, maxTurns: number): { synced: number; turns: TurnId[] } | null {
    const session = this.read(id);
    if (!session) return null;
    return { synced: session.synced, turns: unsyncedOf(session).slice(0, maxTurns) };
  }

  /** @param agreed false when Postgres counts these turns otherwise. */
  acknowledge(id: string, seq: number, turn: TurnId, agreed: boolean): number {
    const session = this.read(id);
    if (!session) return Refusal.Missing;
    if (this.removed.has('acknowledge-by-id')) seq = Math.min(seq, session.last);
    else if (session.list[seq - session.base - 1] !== turn) return Refusal.Changed;
    if (seq > session.synced) {
      session.synced = seq;
      this.trim(session);
    }
    if (session.synced === session.last && this.state.dirty.delete(id)) {
      this.state.expiring.add(id);
    }
    const lag = session.last - session.synced;
    if (!agreed && !this.removed.has('numbers-agree')) this.distrust(id);
    return lag;
  }

  /** Postgres has turns that this session lacks. */
  distrust(id: string): void {
    const session = this.read(id);
    if (!session) {
      if (!this.removed.has('distrust-fills')) this.remove(id);
    } else if (session.synced === session.last) this.remove(id);
    else if (!this.removed.has('distrust-dirty')) session.epoch = NO_RUN;
  }

  /** @returns what `restore` has to show: it is good until anything happens to the session. */
  reserve(id: string): number | null {
    if (this.read(id) || this.isErased(id)) return null;
    const given = this.state.tickets.get(id);
    if (given !== undefined) return given;
    this.remove(id);
    this.state.tickets.set(id, ++this.tickets);
    return this.tickets;
  }

  restore(id: string, tail: readonly TurnId[], last: number, epoch: number, ticket: number): void {
    const isGood = this.state.tickets.get(id) === ticket || this.removed.has('fill-by-ticket');
    if (!isGood || this.read(id)) return;
    this.remove(id);
    const base = last - tail.length;
    const counters = { epoch, base, last, synced: last };
    const ghosts = { trimmed: [], beganAgain: false };
    this.state.sessions.set(id, { ...counters, list: [...tail], ...ghosts });
    this.state.expiring.add(id);
  }

  drop(id: string): boolean {
    if (this.isErased(id)) return true;
    const session = this.read(id);
    const lags = session !== undefined && session.last > session.synced;
    if (lags && !this.removed.has('drop-when-clean')) return false;
    this.remove(id);
    return true;
  }

  erase(id: string): void {
    this.remove(id);
    this.state.erased.add(id);
  }

  find(id: string, epoch: number, turn: TurnId): { readonly isThere: boolean } | Refusal {
    const session = this.recall(id, epoch);
    return typeof session === 'number' ? session : { isThere: session.list.includes(turn) };
  }

  /** @returns whether the key was seen before. */
  claim(turn: TurnId): boolean {
    const isKnown = this.state.claims.has(turn);
    this.state.claims.add(turn);
    return isKnown;
  }

  isStale(session: Session, epoch: number): boolean {
    return session.epoch !== epoch && !this.removed.has('epoch');
  }

  /** Both keys of a session, and its marks. */
  remove(id: string): void {
    this.state.sessions.delete(id);
    this.state.dirty.delete(id);
    this.state.expiring.delete(id);
    this.state.tickets.delete(id);
  }

  private get state(): State {
    return this.server.state;
  }

  private isErased(id: string): boolean {
    return this.state.erased.has(id) && !this.removed.has('shut-when-erased');
  }

  private trim(session: Session): void {
    const above = session.last - session.base - KEEP_TURNS;
    const flushed = this.removed.has('trim-below-synced') ? above : session.synced - session.base;
    const drop = Math.max(0, Math.min(above, flushed));
    session.trimmed.push(...session.list.splice(0, drop));
    session.base += drop;
  }
}
