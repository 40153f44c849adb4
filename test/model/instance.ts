import { Poison, type Batch } from './postgres.js';
import { KEEP_TURNS, Refusal, type Session, type TurnId } from './redis.js';
import type { World } from './world.js';

/**
 * What runs until the next yield is atomic; in between anything may happen, to anybody.
 * `waits`: it has nothing to do before another one is over.
 */
export type Process<T = void> = Generator<'waits' | undefined, T, undefined>;

/** Redis did not do, or did not say, what it was asked. */
export class RedisDown extends Error {}
/** Postgres did not, or the request cannot be served: a 503 or a 404, and no promise is made. */
export class Refused extends Error {}

// Thrown all the time: a stack trace for each would take half of the run.
const REDIS_DOWN = new RedisDown();
const REFUSED = new Refused();

const MAX_TRIES = 5;
const MAX_ROUNDS = 3;
const FLUSH_TURNS = 2;

export interface NewTurn {
  readonly id: string;
  readonly turn: TurnId;
  readonly create: boolean;
  readonly retry: boolean;
  readonly durability: 'accepted' | 'committed';
}

/**
 * One instance of the service: src/sync/*.ts step by step. Every step to a store is sent, carried out and
 * answered at three different moments.
 */
export class Instance {
  /** The breaker round Redis is closed. */
  trusted = false;
  isProbing = false;
  /** Its own network to Redis: others may reach what this one does not. */
  linked = true;
  epoch = 0;
  private owing = false;
  private isRecovering = false;
  private trips = 0;

  constructor(
    readonly world: World,
    readonly name: number,
  ) {}

  /** As after a start with both stores up and nothing to recover. */
  connect(): void {
    this.epoch = this.world.redis.run;
    this.trusted = true;
  }

  trip(): void {
    this.trusted = false;
    this.trips++;
  }

  /** A new process knows nothing. */
  forget(): void {
    this.trip();
    this.owing = false;
    this.isProbing = false;
    this.isRecovering = false;
    this.epoch = 0;
  }

  // ---- Redis and Postgres

  private *redis<T>(lane: 'requests' | 'background', script: () => T): Process<T> {
    const { redis, random } = this.world;
    const fail = () => {
      if (lane === 'requests') this.trip();
      throw REDIS_DOWN;
    };
    if (lane === 'requests' && !this.trusted) throw REDIS_DOWN;
    const { run } = redis;
    yield;
    if (!redis.reachable || !this.linked || redis.run !== run) fail();
    if (redis.frozen) {
      redis.runWhenAwake(script);
      yield;
      fail();
    }
    const reply = script();
    const isLost = random.mishap('reply lost');
    yield;
    if (isLost || redis.run !== run) fail();
    return reply;
  }

  private *postgres<T>(transaction: () => T): Process<T> {
    const { postgres, random } = this.world;
    yield;
    if (!postgres.reachable) throw REFUSED;
    const reply = transaction();
    const isLost = random.mishap('reply lost');
    yield;
    if (isLost) throw REFUSED;
    return reply;
  }

  // ---- flusher.ts, committer.ts

  /** One batch of each of these conversations. @returns the numbers of the turns, and what is unfinished. */
  *flush(ids: readonly string[]): Process<{ numbers: Map<TurnId, number>; unfinished: string[] }> {
    const { redis } = this.world;
    const pending: (Batch & { synced: number })[] = [];
    for (const id of ids) {
      const found = yield* this.redis('background', () => redis.unsynced(id, FLUSH_TURNS));
      if (!found) yield* this.redis('background', () => redis.drop(id));
      else if (found.turns.length > 0) pending.push({ id, ...found });
    }
    const unfinished: string[] = [];
    const committed = pending.length > 0 ? yield* this.commit(pending) : [];
    for (const [index, batch] of pending.entries()) {
      const lag = yield* this.acknowledge(batch, committed[index]!);
      if (lag > 0) unfinished.push(batch.id);
    }
    const numbers = pending.flatMap(({ turns }, index) =>
      turns.map((turn, place) => [turn, committed[index]!.numbers[place]!] as const),
    );
    return { numbers: new Map(numbers.filter(([, seq]) => seq > 0)), unfinished };
  }

  private *commit(batches: readonly Batch[]): Process<{ erased: boolean; numbers: number[] }[]> {
    const { postgres } = this.world;
    try {
      return yield* this.postgres(() => postgres.commit(batches));
    } catch (error) {
      if (!(error instanceof Poison)) throw error;
    }
    const [{ id, turns }] = batches as [Batch];
    if (batches.length === 1 && turns.length === 1) {
      const erased = yield* this.postgres(() => postgres.bury(id, turns[0]!));
      return [{ erased, numbers: [0] }];
    }
    const parts = batches.length > 1 ? batches : turns.map((turn) => ({ id, turns: [turn] }));
    const alone: { erased: boolean; numbers: number[] }[] = [];
    for (const part of parts) alone.push(...(yield* this.commit([part])));
    if (batches.length > 1) return alone;
    return [
      {
        erased: alone.some(({ erased }) => erased),
        numbers: alone.flatMap(({ numbers }) => numbers),
      },
    ];
  }

  private *acknowledge(
    { id, turns, synced }: Batch & { synced: number },
    { erased, numbers }: { erased: boolean; numbers: number[] },
  ): Process<number> {
    const { redis } = this.world;
    if (erased) {
      yield* this.redis('background', () => redis.erase(id));
      return 0;
    }
    const seq = synced + turns.length;
    const agreed = numbers.every((number, index) => number === synced + 1 + index);
    const lag = yield* this.redis('background', () =>
      redis.acknowledge(id, seq, turns.at(-1)!, agreed),
    );
    // It was lost and restored meanwhile, perhaps from before this commit.
    if (lag < 0) yield* this.redis('background', () => redis.drop(id));
    return lag;
  }

  *flushAll(id: string): Process {
    while ((yield* this.flush([id])).unfinished.length > 0);
  }

  // ---- recovery.ts, sweep.ts, the breaker's probe

  *recover(): Process {
    const { postgres, redis, removed } = this.world;
    if (removed.has('recovery')) return;
    const marked = yield* this.postgres(() => postgres.hotStale());
    for (const { id, erased } of marked) {
      yield* this.redis('background', () => (erased ? redis.erase(id) : redis.distrust(id)));
    }
    if (marked.length > 0) yield* this.postgres(() => postgres.clearHotStale(marked));
  }

  *probe(): Process {
    const tripsBefore = this.trips;
    this.isProbing = true;
    try {
      const run = yield* this.redis('background', () => this.world.redis.run);
      yield* this.beforeRedisIsTrusted();
      this.epoch = run;
      if (this.trips !== tripsBefore) return;
      this.trusted = true;
      if (this.owing) this.recoverInBackground();
    } catch (error) {
      ignore(error, RedisDown, Refused);
    } finally {
      this.isProbing = false;
    }
  }

  private *beforeRedisIsTrusted(): Process {
    let owed = false;
    try {
      for (let rounds = 0; rounds === 0 || (this.owing && rounds < MAX_ROUNDS); rounds++) {
        owed ||= this.owing;
        this.owing = false;
        yield* this.recover();
      }
    } catch (error) {
      this.owing ||= owed;
      if (owed || !(error instanceof Refused)) throw error;
    }
  }

  *sweep(): Process {
    try {
      yield* this.recover();
      const { dirty } = this.world.redis;
      if (dirty.length > 0) yield* this.flush(dirty);
    } catch (error) {
      ignore(error, RedisDown, Refused);
    }
  }

  /** What follows a turn in the background. */
  private *flushSoon(id: string): Process {
    try {
      yield* this.flush([id]);
    } catch (error) {
      ignore(error, RedisDown, Refused);
    }
  }

  private wroteAround(): void {
    this.owing = true;
    if (this.trusted) this.recoverInBackground();
  }

  /** One at a time: a turn that comes in meanwhile is owed again, and has this begin anew. */
  private recoverInBackground(): void {
    if (this.isRecovering) return;
    this.owing = false;
    this.isRecovering = true;
    this.world.start(this, this.recoverSoon());
  }

  private *recoverSoon(): Process {
    try {
      yield* this.recover();
    } catch (error) {
      ignore(error, RedisDown, Refused);
      this.owing = true;
      this.isRecovering = false;
      return;
    }
    this.isRecovering = false;
    if (this.owing) this.recoverInBackground();
  }

  // ---- hybrid.history.ts, restore.ts

  /** @throws Refused. */
  *recall(id: string): Process<{ turns: readonly TurnId[]; session: Session | null }> {
    try {
      const session = yield* this.mended(id, () =>
        this.redis('requests', () => this.world.redis.recall(id, this.epoch)),
      );
      return { turns: session.list, session };
    } catch (error) {
      ignore(error, RedisDown);
      return { turns: yield* this.recallDurable(id), session: null };
    }
  }

  private *recallDurable(id: string): Process<readonly TurnId[]> {
    const tail = yield* this.postgres(() => this.world.postgres.tail(id, KEEP_TURNS));
    if (!tail) throw REFUSED;
    return tail.turns;
  }

  /** @throws Refused. @returns what the reply promises. */
  *append(turn: NewTurn): Process<'accepted' | 'committed'> {
    try {
      return yield* this.appendHot(turn);
    } catch (error) {
      ignore(error, RedisDown);
      return yield* this.appendAroundRedis(turn);
    }
  }

  private *appendHot(request: NewTurn): Process<'accepted' | 'committed'> {
    const { id, turn, durability } = request;
    const { redis, postgres } = this.world;
    yield* this.mended(id, () =>
      this.redis('requests', () => redis.append(id, { ...request, epoch: this.epoch })),
    );
    if (durability === 'accepted') {
      this.world.start(this, this.flushSoon(id));
      return 'accepted';
    }
    const { numbers } = yield* this.flushForReply(id);
    if (numbers.has(turn)) return 'committed';
    const isThere = yield* this.postgres(() => postgres.row(id).turns.includes(turn));
    if (!isThere) throw REFUSED;
    return 'committed';
  }

  private *flushForReply(id: string): ReturnType<Instance['flush']> {
    try {
      return yield* this.flush([id]);
    } catch (error) {
      ignore(error, RedisDown);
      throw REFUSED;
    }
  }

  private *appendAroundRedis(request: NewTurn): Process<'accepted' | 'committed'> {
    const { id, turn, create } = request;
    this.owing = true;
    try {
      const seq = yield* this.postgres(() => this.world.appendDirectly(id, turn, create));
      this.wroteAround();
      if (seq === null) throw new NotFound();
      return 'committed';
    } catch (error) {
      if (error instanceof NotFound || error instanceof Poison) throw REFUSED;
      ignore(error, Refused);
    }
    yield* this.probe();
    try {
      return yield* this.appendHot({ ...request, retry: true });
    } catch (error) {
      ignore(error, RedisDown, Refused);
      throw REFUSED;
    }
  }

  /** @returns whether the session in Redis went with it. @throws Refused. */
  *erase(id: string): Process<boolean> {
    const { turns } = yield* this.recall(id);
    const { postgres, redis } = this.world;
    const isErased = yield* this.postgres(() => postgres.erase(id, turns.length > 0));
    if (!isErased) throw REFUSED;
    try {
      yield* this.redis('requests', () => redis.erase(id));
      return true;
    } catch (error) {
      ignore(error, RedisDown);
      return false;
    }
  }

  /** @throws Refused. */
  *end(id: string): Process {
    try {
      yield* this.recall(id);
      yield* this.discard(id);
    } catch (error) {
      ignore(error, RedisDown);
      throw REFUSED;
    }
  }

  private *mended<T extends object | number>(
    id: string,
    attempt: () => Process<T | Refusal>,
  ): Process<T> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const reply = yield* attempt();
      if (reply === Refusal.Missing) yield* this.fill(id);
      else if (reply === Refusal.Stale) yield* this.discard(id);
      else return reply as T;
    }
    throw REFUSED;
  }

  private *fill(id: string): Process {
    const { epoch } = this;
    const { redis, postgres, removed } = this.world;
    const tail = yield* this.postgres(() => postgres.tail(id, KEEP_TURNS));
    if (!tail) throw REFUSED;
    yield* this.redis('requests', () => redis.restore(id, tail.turns, tail.count, epoch));
    // What was committed, or erased, between the look and the restore is not in it.
    const now = yield* this.postgres(() => postgres.tail(id, 0));
    if (now?.count === tail.count || removed.has('look-again')) return;
    yield* this.redis('requests', () => redis.drop(id));
  }

  private *discard(id: string): Process {
    do yield* this.flushAll(id);
    while (!(yield* this.redis('background', () => this.world.redis.drop(id))));
  }
}

class NotFound extends Error {}

/** Lets an expected failure pass, and nothing else: a crash ends whatever runs. */
export function ignore(error: unknown, ...expected: (new () => Error)[]): void {
  if (!expected.some((kind) => error instanceof kind)) throw error;
}
