import type { Instance } from './instance.js';
import { ignore, leftToTheSweep, Poison, type Process, RedisDown, UNAVAILABLE } from './process.js';
import type { Batch, Committed } from './postgres.js';
import type { TurnId } from './session.js';

// Enough for one to be refused between two others.
const FLUSH_TURNS = 3;

interface Pending extends Batch {
  readonly synced: number;
}

interface Flushed {
  readonly numbers: ReadonlyMap<TurnId, number>;
  readonly unfinished: readonly string[];
  readonly held: readonly string[];
}

/** src/sync/flusher.ts and committer.ts, with what flush-queue.ts makes of them for one turn. */
export class Flusher {
  constructor(private readonly instance: Instance) {}

  /** One batch of each of these conversations. @throws RedisDown, Unavailable. */
  *flush(ids: readonly string[]): Process<Flushed> {
    const { redis, world } = this.instance;
    const flush = world.incidents.nextFlush();
    const pending: Pending[] = [];
    for (const id of ids) {
      const found = yield* redis.background((scripts) => scripts.unsynced(id, FLUSH_TURNS));
      if (!found) yield* redis.background((scripts) => scripts.drop(id));
      else if (found.turns.length > 0) pending.push({ id, flush, ...found });
    }
    if (world.removed.has('commit-first')) {
      for (const batch of pending) yield* this.acknowledge(batch, agreeing(batch));
    }
    const committed = pending.length > 0 ? yield* this.commit(pending) : [];
    const unfinished: string[] = [];
    for (const [index, batch] of pending.entries()) {
      if (committed[index]!.held) continue;
      const lag = yield* this.acknowledge(batch, committed[index]!);
      this.instance.rescue.settle(batch.id, batch.turns);
      if (lag > 0) unfinished.push(batch.id);
    }
    return {
      numbers: new Map(committed.flatMap(({ numbers }) => [...numbers])),
      unfinished,
      held: pending.filter((_, index) => committed[index]!.held).map(({ id }) => id),
    };
  }

  /** @throws RedisDown, Unavailable. */
  *flushAll(id: string): Process {
    for (;;) {
      const { unfinished, held } = yield* this.flush([id]);
      if (held.length > 0) throw UNAVAILABLE;
      if (unfinished.length === 0) return;
    }
  }

  /** What follows a turn in the background. */
  flushSoon(id: string): Process {
    return leftToTheSweep(this.flushOrRescue(id));
  }

  /** Returns once Postgres has this turn. @throws Unavailable; the turn stays where it is. */
  *committed(id: string, turn: TurnId): Process {
    const { postgres, world } = this.instance;
    for (;;) {
      const flushed = yield* this.flushOrRescue(id);
      if (!flushed) break;
      const { numbers, unfinished, held } = flushed;
      if (numbers.has(turn)) return;
      if (held.length > 0) throw UNAVAILABLE;
      if (unfinished.length === 0) break;
    }
    const isThere = yield* postgres.run(() => world.postgres.row(id).turns.includes(turn));
    if (!isThere) throw UNAVAILABLE;
  }

  /** @returns undefined where it went without Redis. @throws Unavailable. */
  private *flushOrRescue(id: string): Process<Flushed | undefined> {
    try {
      return yield* this.flush([id]);
    } catch (error) {
      ignore(error, RedisDown);
      yield* this.instance.rescue.rescue(id);
      return undefined;
    }
  }

  private *commit(batches: readonly Batch[]): Process<Committed[]> {
    const { postgres, world } = this.instance;
    try {
      return yield* postgres.run(() => world.commit(batches));
    } catch (error) {
      if (!(error instanceof Poison)) throw error;
      if (world.removed.has('dead-letters')) throw UNAVAILABLE;
    }
    if (batches.length > 1) return yield* this.eachAlone(batches, false);
    const [{ id, turns, flush }] = batches as [Batch];
    if (turns.length === 1) {
      yield* postgres.run(() => world.postgres.bury(id, turns[0]!));
      return [{ erased: false, held: false, numbers: new Map() }];
    }
    const alone = turns.map((turn) => ({ id, turns: [turn], flush }));
    const parts = yield* this.eachAlone(alone, !world.removed.has('held-in-order'));
    return [
      {
        erased: parts.some(({ erased }) => erased),
        held: parts.some(({ held }) => held),
        numbers: new Map(parts.flatMap(({ numbers }) => [...numbers])),
      },
    ];
  }

  private *eachAlone(batches: readonly Batch[], inOrder: boolean): Process<Committed[]> {
    const committed: Committed[] = [];
    for (const batch of batches) {
      const [alone] = (yield* this.commit([batch])) as [Committed];
      committed.push(alone);
      if (inOrder && alone.held) break;
    }
    return committed;
  }

  /** @returns how many turns of the session are still unsynced. */
  private *acknowledge(batch: Pending, { erased, numbers }: Committed): Process<number> {
    const { redis, world } = this.instance;
    const { id, turns, synced } = batch;
    if (erased) {
      yield* redis.background((scripts) => scripts.erase(id));
      return 0;
    }
    const seq = synced + turns.length;
    const agreed = turns.every((turn, index) => numbers.get(turn) === synced + 1 + index);
    const lag = yield* redis.background((scripts) =>
      scripts.acknowledge(id, seq, turns.at(-1)!, agreed),
    );
    // It was lost and restored meanwhile, perhaps from before this commit.
    if (lag < 0 && !world.removed.has('distrust-when-refused')) {
      yield* redis.background((scripts) => scripts.distrust(id));
    }
    world.incidents.noteTold(batch);
    return Math.max(0, lag);
  }
}

/** What Postgres would answer if it had these turns. */
function agreeing({ synced, turns }: Pending): Committed {
  const numbers = new Map(turns.map((turn, index) => [turn, synced + 1 + index]));
  return { erased: false, held: false, numbers };
}
