import type { Instance } from './instance.js';
import type { AcceptedTurn } from './postgres.js';
import { ignore, Poison, type Process, Unavailable } from './process.js';

// It goes on as long as Redis is away; this much of it is enough for others to come between.
const ROUNDS = 2;

/** src/sync/rescue.ts and unflushed-turns.ts: what Redis has accepted from this instance, and may be lost with it. */
export class Rescue {
  private readonly unflushed = new Map<string, readonly AcceptedTurn[]>();
  private isRunning = false;

  constructor(private readonly instance: Instance) {}

  /** A new process knows nothing. */
  forgetAll(): void {
    this.unflushed.clear();
    this.isRunning = false;
  }

  of(id: string): readonly AcceptedTurn[] {
    return this.unflushed.get(id) ?? [];
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
    this.keep(id, ({ seq }) => seq > archived);
  }

  forget(id: string): void {
    this.unflushed.delete(id);
  }

  /** @returns false when Postgres did not take, or did not say, what there was to take. */
  *rescue(id: string): Process<boolean> {
    const { postgres, recovery, world } = this.instance;
    const turns = this.of(id);
    if (turns.length === 0) return true;
    try {
      const rescued = yield* postgres.run(() => world.commitNext(id, turns));
      if (!rescued) return false;
      this.settleUpTo(id, rescued.archived);
      if (rescued.due.length > 0) {
        world.incidents.noteOwed(rescued.due.at(-1)!, this.instance);
        recovery.wroteAround();
      }
      return true;
    } catch (error) {
      ignore(error, Unavailable, Poison);
      if (error instanceof Poison) this.forget(id);
      return false;
    }
  }

  *rescueAll(): Process {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let round = 0; round < ROUNDS && this.instance.redis.isOpen; round++) {
      for (const id of this.unflushed.keys()) yield* this.rescue(id);
    }
    this.isRunning = false;
  }

  *release(): Process {
    const { postgres, world } = this.instance;
    for (const id of this.unflushed.keys()) {
      this.settleUpTo(id, yield* postgres.run(() => world.postgres.archivedUpTo(id)));
    }
  }

  private keep(id: string, isKept: (turn: AcceptedTurn) => boolean): void {
    const kept = this.of(id).filter(isKept);
    if (kept.length > 0) this.unflushed.set(id, kept);
    else this.unflushed.delete(id);
  }
}
