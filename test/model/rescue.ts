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

  note(id: string, turn: AcceptedTurn): void {
    const turns = this.of(id);
    if (turns.some((each) => each.turn === turn.turn)) return;
    this.instance.world.incidents.noteHeld(turn.turn, this.instance);
    this.unflushed.set(
      id,
      [...turns, turn].sort((one, other) => one.seq - other.seq),
    );
  }

  settle(id: string, turns: readonly string[]): void {
    this.keep(id, ({ turn }) => !turns.includes(turn));
  }

  forget(id: string): void {
    this.unflushed.delete(id);
  }

  /** Redis may have lost what it holds. */
  doubt(): void {
    for (const { turn } of [...this.unflushed.values()].flat()) this.doubtful.add(turn);
  }

  /** There is no session, or none to be trusted. @returns false when Postgres does not take the turns. */
  *afterMiss(id: string): Process<boolean> {
    if (this.of(id).length === 0) return true;
    this.doubt();
    const isDone = yield* this.rescue(id);
    this.instance.rescueSoon();
    return isDone;
  }

  *beforeRedisIsTrusted(isNewRun: boolean): Process {
    if (isNewRun) this.doubt();
    yield* this.rescueOnce();
  }

  /** @returns false when Postgres did not take, or did not say, what there was to take. */
  *rescue(id: string, turns = this.of(id), late = false): Process<boolean> {
    if (turns.length === 0) return true;
    try {
      return yield* this.commitAll(id, turns, late);
    } catch (error) {
      ignore(error, Unavailable);
      return false;
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
  }

  private get due(): string[] {
    if (this.instance.redis.isOpen) return this.conversations;
    const isDoubtful = ({ turn }: AcceptedTurn) => this.doubtful.has(turn);
    return this.conversations.filter((id) => this.of(id).some(isDoubtful));
  }

  private *commitAll(id: string, turns: readonly AcceptedTurn[], late: boolean): Process<boolean> {
    try {
      return yield* this.commit(id, turns, late);
    } catch (error) {
      ignore(error, Poison);
      return yield* this.commitEach(id, turns, late);
    }
  }

  private *commit(id: string, turns: readonly AcceptedTurn[], late: boolean): Process<boolean> {
    const { postgres, recovery, world } = this.instance;
    const rescued = yield* postgres.run(() => world.commitNext(id, turns, late));
    if (!rescued) return false;
    if (rescued.archived === ERASED) this.forget(id);
    else this.settle(id, rescued.stored);
    if (world.removed.has('settle-by-id')) this.keep(id, ({ seq }) => seq > rescued.archived);
    if (rescued.due.length > 0) world.incidents.noteOwed(rescued.due.at(-1)!, this.instance);
    if (rescued.stored.length > 0) recovery.wroteAround();
    return true;
  }

  private *commitEach(id: string, turns: readonly AcceptedTurn[], late: boolean): Process<boolean> {
    for (const turn of turns) {
      try {
        if (!(yield* this.commit(id, [turn], late))) return false;
      } catch (error) {
        ignore(error, Poison);
        const { postgres, world } = this.instance;
        if (!world.removed.has('bury-rescued')) {
          yield* postgres.run(() => world.postgres.bury(id, turn.turn));
        }
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
