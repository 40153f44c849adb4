import type { Rule } from './rules.js';
import { Scripts } from './scripts.js';
import { emptyState, type NewTurn, type Session, type State, unsyncedOf } from './session.js';
import type { TurnId } from './session.js';

const COPIES = 4;

/** One Redis server: what it holds, and what may happen to it. */
export class ModelRedis {
  /** Its run id: another one after each restart. */
  run = 1;
  reachable = true;
  frozen = false;
  state = emptyState();
  readonly scripts: Scripts;
  private readonly copies: State[] = [];

  constructor(removed: ReadonlySet<Rule>, onAppended: (turn: NewTurn, session: Session) => void) {
    this.scripts = new Scripts(this, removed, onAppended);
  }

  get dirty(): readonly string[] {
    return [...this.state.dirty];
  }

  get conversations(): readonly string[] {
    return [...this.state.sessions.keys()];
  }

  /** The session as an instance takes it that knows this run. */
  trusted(id: string): Session | undefined {
    const session = this.scripts.read(id);
    return session && !this.scripts.isStale(session, this.run) ? session : undefined;
  }

  /** Turns that no other place may have. */
  get unflushed(): TurnId[] {
    return [...this.state.sessions.values()].flatMap(unsyncedOf);
  }

  /** Only what has a TTL expires, or is evicted: one key of the two at a time. */
  expire(id: string, how: 'expired' | 'evicted'): void {
    if (!this.state.expiring.has(id)) return;
    const session = this.state.sessions.get(id);
    if (how === 'evicted' && session) session.list = [];
    else this.scripts.remove(id);
  }

  copy(): void {
    this.copies.push(structuredClone(this.state));
    if (this.copies.length > COPIES) this.copies.shift();
  }

  /** @param back what it comes back with: all it had, an older copy, or nothing. */
  restart(back: 'whole' | 'empty' | number): void {
    this.run++;
    this.frozen = false;
    if (back === 'whole') return;
    const copy = back === 'empty' ? undefined : this.copies[back % this.copies.length];
    this.state = copy ? structuredClone(copy) : emptyState();
  }

  /** FLUSHALL: everything is gone under the same run. */
  empty(): void {
    this.state = emptyState();
  }
}
