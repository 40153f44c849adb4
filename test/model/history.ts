import type { Instance } from './instance.js';
import type { Appended } from './postgres.js';
import { DENIED, Denied, ignore, Poison, type Process, RedisDown } from './process.js';
import { UNAVAILABLE, Unavailable } from './process.js';
import { KEEP_TURNS, type NewTurn, type TurnId } from './session.js';

export interface Shown {
  readonly last: number;
  readonly turns: readonly TurnId[];
}

type Durability = NewTurn['durability'];

/** src/sync/hybrid.history.ts: Redis over Postgres. All of it throws Unavailable and Denied. */
export class History {
  constructor(private readonly instance: Instance) {}

  /** @param begun when the request came in. */
  *recall(id: string, begun: number): Process<Shown> {
    const { redis, rescue } = this.instance;
    try {
      return yield* this.recallHot(id, begun);
    } catch (error) {
      ignore(error, RedisDown);
    }
    try {
      yield* rescue.rescue(id);
      return yield* this.recallDurable(id);
    } catch (error) {
      ignore(error, Unavailable);
    }
    // Neither has it: one more look at Redis.
    yield* redis.probe();
    try {
      return yield* this.recallHot(id, begun);
    } catch (error) {
      ignore(error, RedisDown);
      throw UNAVAILABLE;
    }
  }

  /** @returns what the reply promises. */
  *append(request: NewTurn): Process<Durability> {
    try {
      return yield* this.appendHot(request);
    } catch (error) {
      ignore(error, RedisDown);
      return yield* this.appendAroundRedis(request);
    }
  }

  /** @returns how safe the turn is, or null where it is not there. */
  *find({ id, turn, durability }: NewTurn): Process<Durability | null> {
    const { redis, postgres, flusher, rescue, world } = this.instance;
    if (redis.isOpen) yield* rescue.rescue(id);
    let hasAnswered = false;
    try {
      const isThere = () => world.postgres.row(id).turns.includes(turn);
      if (yield* postgres.run(isThere)) return 'committed';
      hasAnswered = true;
    } catch (error) {
      ignore(error, Unavailable);
      if (durability === 'committed') throw error;
    }
    if (hasAnswered && (yield* this.isErased(id))) throw DENIED;
    if (!(yield* this.findHot(id, turn))) return null;
    if (durability === 'accepted') return 'accepted';
    yield* flusher.committed(id, turn);
    return 'committed';
  }

  /** @returns whether the session in Redis went with it. */
  *erase(id: string): Process<boolean> {
    const { redis, postgres, rescue, world } = this.instance;
    const { turns } = yield* this.recall(id, world.now);
    const isErased = yield* postgres.run(() => world.erase(id, turns.length > 0));
    if (!isErased) throw DENIED;
    rescue.forget(id);
    try {
      yield* redis.requests((scripts) => scripts.erase(id));
      return true;
    } catch (error) {
      ignore(error, RedisDown);
      return false;
    }
  }

  *end(id: string): Process {
    const { restore, world } = this.instance;
    try {
      yield* this.recall(id, world.now);
      yield* restore.discard(id);
    } catch (error) {
      ignore(error, RedisDown);
      throw UNAVAILABLE;
    }
  }

  private *recallHot(id: string, begun: number): Process<Shown> {
    const { redis, restore, world } = this.instance;
    const { last, list } = yield* restore.mended(id, () => {
      const { epoch } = redis;
      return redis.requests((scripts) => {
        const reply = scripts.recall(id, epoch);
        if (typeof reply !== 'number') world.ledger.noteTrustedRead(id, begun, reply, redis);
        return reply;
      });
    });
    return { last, turns: list };
  }

  /** What the archive does not know may be in the Redis that is away: that is no "not found". */
  private *recallDurable(id: string): Process<Shown> {
    const { postgres, world } = this.instance;
    const tail = yield* postgres.run(() => world.postgres.tail(id, KEEP_TURNS));
    if (tail) return { last: tail.count, turns: tail.turns };
    throw (yield* this.isErased(id)) ? DENIED : UNAVAILABLE;
  }

  private *isErased(id: string): Process<boolean> {
    const { postgres, world } = this.instance;
    return yield* postgres.run(() => world.postgres.row(id).erased);
  }

  private *findHot(id: string, turn: TurnId): Process<boolean> {
    const { redis, restore } = this.instance;
    try {
      const found = yield* restore.mended(id, () => {
        const { epoch } = redis;
        return redis.requests((scripts) => scripts.find(id, epoch, turn));
      });
      return found.isThere;
    } catch (error) {
      ignore(error, RedisDown, Denied);
      return false;
    }
  }

  private *appendHot(request: NewTurn): Process<Durability> {
    const { redis, restore, flusher, rescue, world } = this.instance;
    const { id, turn, durability } = request;
    const appended = yield* restore.mended(id, () => {
      const { epoch } = redis;
      return redis.requests((scripts) => scripts.append(request, epoch));
    });
    rescue.note(id, { turn, ...appended });
    if (durability === 'committed') yield* flusher.committed(id, turn);
    else world.start(this.instance, flusher.flushSoon(id));
    return durability;
  }

  private *appendAroundRedis(request: NewTurn): Process<Durability> {
    const { redis, recovery, world } = this.instance;
    recovery.owe();
    try {
      yield* this.appendDurable(request);
      world.incidents.noteOwed(request.turn, this.instance);
      recovery.wroteAround();
      yield* this.distrust(request);
      return 'committed';
    } catch (error) {
      ignore(error, Unavailable);
    }
    // Neither took it. One more look at Redis: a connection that broke is often back at once.
    yield* redis.probe();
    try {
      return yield* this.appendHot({ ...request, retry: true });
    } catch (error) {
      ignore(error, RedisDown);
      throw UNAVAILABLE;
    }
  }

  /** Redis may be trusted again since. */
  private *distrust({ id, turn }: NewTurn): Process {
    const { redis, world } = this.instance;
    try {
      const isRemoved = world.removed.has('distrust-before-reply');
      yield* redis.requests((scripts) => (isRemoved ? undefined : scripts.distrust(id)));
      world.incidents.noteDistrusted(turn);
    } catch (error) {
      ignore(error, RedisDown);
    }
  }

  private *appendDurable(request: NewTurn): Process {
    // One that goes first may be what is refused: the next rescue makes a dead letter of it.
    const outcome =
      (yield* this.rescueAndAppend(request)) ?? (yield* this.rescueAndAppend(request)) ?? 'refused';
    if (outcome === 'refused') throw DENIED;
    if (outcome === 'changed') throw DENIED;
    if (outcome === 'ahead') throw UNAVAILABLE;
    if (outcome === 'not found') throw (yield* this.isErased(request.id)) ? DENIED : UNAVAILABLE;
  }

  /** @returns null: Postgres has refused one of the turns. */
  private *rescueAndAppend(request: NewTurn): Process<Appended | null> {
    const { postgres, rescue, world } = this.instance;
    const { removed } = world;
    if (!(yield* rescue.rescue(request.id))) throw UNAVAILABLE;
    const accepted = () => (removed.has('rescue-with-write') ? [] : rescue.of(request.id));
    try {
      return yield* postgres.run(() => world.appendDurable(request, this.instance, accepted()));
    } catch (error) {
      ignore(error, Poison);
      return null;
    }
  }
}
