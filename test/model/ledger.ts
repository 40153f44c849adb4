import type { GuardedRedis } from './breaker.js';
import { type Count, noCounts } from './counts.js';
import type { NewTurn, Session, TurnId } from './session.js';
import type { World } from './world.js';

type Store = 'Redis' | 'Postgres';

export interface Acknowledged {
  readonly id: string;
  readonly level: NewTurn['durability'];
  readonly expected: number | undefined;
  readonly begun: number;
  /** When the reply came. */
  readonly at: number;
}

/** What clients were told, and what happened to it. */
export class Ledger {
  readonly violations = new Set<string>();
  readonly turns = new Map<TurnId, Acknowledged>();
  readonly counts: Record<Count, number> = noCounts();
  readonly erased = new Map<string, { readonly at: number; readonly inBoth: boolean }>();
  private readonly twice = new Set<TurnId>();
  private readonly passed = new Map<TurnId, Set<Store>>();

  constructor(private readonly world: World) {}

  fail(what: string): void {
    this.violations.add(what);
  }

  /** @param turn `begun`: when the first request with its key came in. */
  acknowledge(turn: NewTurn & { begun: number }, level: Acknowledged['level']): void {
    const { id, expected, begun } = turn;
    if (this.erased.has(id)) return;
    const before = this.turns.get(turn.turn);
    if (before?.level === 'committed') level = 'committed';
    this.turns.set(turn.turn, { id, level, expected, begun, at: before?.at ?? this.world.now });
  }

  /** @param inBoth the session in Redis is known to be gone. */
  noteErased(id: string, inBoth: boolean): void {
    this.erased.set(id, { at: this.world.now, inBoth });
    for (const [turn, acknowledged] of this.turns) {
      if (acknowledged.id === id) this.turns.delete(turn);
    }
  }

  /** A store has added a turn, and with it looked at its If-Match. */
  notePassed({ id, turn }: NewTurn, store: Store): void {
    if (this.isErasedSince(id, Infinity)) {
      this.fail('a turn was taken after its erasing');
    }
    this.passed.set(turn, (this.passed.get(turn) ?? new Set()).add(store));
  }

  /** The store that has looked at the turn's If-Match, unless both have. */
  onlyStoreOf(turn: TurnId): Store | undefined {
    const [store, ...others] = this.passed.get(turn) ?? [];
    return others.length === 0 ? store : undefined;
  }

  /** More than this first turn of a conversation is known, or was erased. */
  hasGoneOn({ id, turn }: NewTurn): boolean {
    const { turns, erased } = this.world.postgres.row(id);
    return erased || turns.some((each) => each !== turn);
  }

  noteTwice(list: readonly TurnId[]): void {
    const twice = list.filter((turn, index) => list.indexOf(turn) < index);
    const late = twice.filter((turn) => this.passed.get(turn)?.has('Postgres'));
    if (late.length < twice.length) this.fail('a session holds a turn twice');
    for (const turn of late) this.twice.add(turn);
    this.counts.heldTwice = this.twice.size;
  }

  /** Redis has just given this session to a request that came in at `sent`. */
  noteTrustedRead(id: string, sent: number, session: Session, by: GuardedRedis): void {
    const { base, list, trimmed, beganAgain } = session;
    this.counts.trustedReads++;
    if (this.isErasedSince(id, sent)) this.fail('an erased conversation was shown');
    else if ((this.erased.get(id)?.at ?? Infinity) < sent) this.counts.shownAfterErasing++;
    const { turns, mark } = this.world.postgres.row(id);
    const missed = turns.filter((turn, index) => {
      const at = this.turns.get(turn)?.at ?? Infinity;
      if (index < base || at >= sent) return false;
      return !list.includes(turn) && !trimmed.includes(turn);
    });
    const { incidents } = this.world;
    const excuseOf = (turn: TurnId): Count | undefined => {
      const isLate = mark !== null && incidents.markedAt(turn) >= by.trustedSince;
      if (isLate && !incidents.wasDistrusted(turn)) return 'missedAround';
      if (beganAgain) return 'missedBefore';
      return incidents.isUntold(id) && incidents.wasLost(turn) ? 'missedLost' : undefined;
    };
    for (const excuse of new Set(missed.map(excuseOf))) {
      if (excuse) this.counts[excuse]++;
      else this.fail('a read of a trusted session missed a committed turn');
    }
  }

  /** Erased before `sent`, and no mark is left that says that Redis is yet to hear of it. */
  private isErasedSince(id: string, sent: number): boolean {
    const erased = this.erased.get(id);
    if (!erased || erased.at >= sent || this.world.incidents.isOpenedAgain(id)) return false;
    return erased.inBoth || this.world.postgres.row(id).mark === null;
  }
}
