import type { Instance } from './instance.js';
import { type AcceptedTurn, ERASED } from './postgres.js';
import { ignore, Poison, type Process, Unavailable } from './process.js';

// It goes on as long as something is due; this much of it is enough for others to come between.
const ROUNDS = 2;

/** src/sync/rescue.ts and unflushed-turns.ts: what Redis has accepted from this instance, and may be lost with it. */
export class Rescue {
  private readonly unflushed = new Map<string, readonly AcceptedTurn[]>();
  private readonly doubtful = new Set<string>();
  private isRunning = false;

  constructor(private readonly instance: Instance) {}

  /** A new process knows nothing. */
  forgetAll(): void {
    this.unflushed.clear();
    this.doubtful.clear();
    this.isRunning = false;
  }

  get conversations(): string[] {
    return [...this.unflushed.keys()];
  }

  of(id: string): readonly AcceptedTurn[] {
    return this.unflushed.get(id) ?? [];
  }

  doubtfulOf(id: string): AcceptedTurn[] {
    return this.of(id).filter(({ turn }) => this.doubtful.has(turn));
  }

  note(id: string, turn: AcceptedTurn): void {
    const turns = this.of(id);
    if (turns.some((each) => each.turn === turn.turn)) return;
    this.unflushed.set(
      id,
      [...turns, turn].sort((one, other) => one.seq - other.seq),
    );
  }

  settle(id: string, turns: readonly string[]): void {
    this.keep(id, ({ turn }) => !turns.includes(turn));
  }

  settleUpTo(id: string, archived: number): void {
    const isLost = (turn: string) => archived !== ERASED && this.doubtful.has(turn);
    this.keep(id, ({ seq, turn }) => seq > archived || isLost(turn));
  }

  forget(id: string): void {
    this.unflushed.delete(id);
  }

  /** Redis may have lost what it holds. */
  doubt(): void {
    for (const { turn } of [...this.unflushed.values()].flat()) {
      this.doubtful.add(turn);
      this.instance.world.incidents.noteDoubted(turn, this.instance);
    }
  }

  /** There is no session, or none to be trusted. */
  *afterMiss(id: string): Process {
    if (this.of(id).length === 0) return;
    this.doubt();
    yield* this.rescue(id);
    this.instance.rescueSoon();
  }

  *beforeRedisIsTrusted(isNewRun: boolean): Process {
    if (isNewRun) this.doubt();
    yield* this.rescueOnce();
  }

  /** @returns false when Postgres did not take, or did not say, what there was to take. */
  *rescue(id: string, turns = this.of(id), late = false): Process<boolean> {
    if (turns.length === 0) return true;
    try {
      return yield* this.commit(id, turns, late);
    } catch (error) {
      ignore(error, Unavailable, Poison);
      return error instanceof Poison && (yield* this.commitEach(id, turns, late));
    }
  }

  *rescueAll(): Process {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let round = 0; round < ROUNDS && this.due.length > 0; round++) yield* this.rescueOnce();
    this.isRunning = false;
  }

  private *rescueOnce(): Process {
    for (const id of this.due) yield* this.rescue(id);
    if (this.instance.world.removed.has('doubt-until-archived')) this.doubtful.clear();
  }

  private get due(): string[] {
    if (this.instance.redis.isOpen) return this.conversations;
    return this.conversations.filter((id) => this.doubtfulOf(id).length > 0);
  }

  private *commit(id: string, turns: readonly AcceptedTurn[], late: boolean): Process<boolean> {
    const { postgres, recovery, world } = this.instance;
    const rescued = yield* postgres.run(() => world.commitNext(id, turns, late));
    if (!rescued) return false;
    this.settle(id, rescued.stored);
    this.settleUpTo(id, rescued.archived);
    if (rescued.due.length > 0) world.incidents.noteOwed(rescued.due.at(-1)!, this.instance);
    if (rescued.stored.length > 0) recovery.wroteAround();
    return true;
  }

  private *commitEach(id: string, turns: readonly AcceptedTurn[], late: boolean): Process<boolean> {
    for (const turn of turns) {
      try {
        if (!(yield* this.commit(id, [turn], late))) return false;
      } catch (error) {
        ignore(error, Unavailable, Poison);
        if (error instanceof Unavailable) return false;
        this.settle(id, [turn.turn]);
      }
    }
    return true;
  }

  private keep(id: string, isKept: (turn: AcceptedTurn) => boolean): void {
    const kept = this.of(id).filter(isKept);
    if (kept.length > 0) this.unflushed.set(id, kept);
    else this.unflushed.delete(id);
  }
}
