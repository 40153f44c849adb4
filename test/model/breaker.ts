import { RedisConnection } from './connection.js';
import { leftToTheSweep, type Process, REDIS_DOWN } from './process.js';
import type { Scripts } from './scripts.js';
import type { World } from './world.js';

interface Recovers {
  beforeRedisIsTrusted(isNewRun: boolean): Process<boolean>;
  afterRedisIsTrusted(): void;
}

/** src/redis/redis.connection.ts with src/breaker: two connections to Redis, and whether requests may use theirs. */
export class GuardedRedis {
  isOpen = true;
  /** The run of the server that sessions have to be from. */
  epoch = 0;
  /** What was marked before, it has recovered; -1: Postgres could not say what that was. */
  trustedSince = 0;
  readonly requestConnection: RedisConnection;
  readonly backgroundConnection: RedisConnection;
  private recovery: Recovers | undefined;
  private opened: (() => void) | undefined;
  private probing: object | undefined;
  private trips = 0;

  constructor(private readonly world: World) {
    this.requestConnection = new RedisConnection(world);
    this.backgroundConnection = new RedisConnection(world);
  }

  recoverWith(recovery: Recovers): void {
    this.recovery = recovery;
  }

  onOpened(listener: () => void): void {
    this.opened = listener;
  }

  get isProbing(): boolean {
    return this.probing !== undefined;
  }

  get linked(): boolean {
    return this.requestConnection.linked;
  }

  set linked(linked: boolean) {
    this.requestConnection.linked = this.backgroundConnection.linked = linked;
  }

  /** As after a start with both stores up and nothing to recover. */
  connect(): void {
    this.epoch = this.world.redis.run;
    this.isOpen = false;
  }

  /** A new process knows nothing. */
  forget(): void {
    this.trip();
    this.probing = undefined;
    this.epoch = 0;
  }

  trip(): void {
    this.trips++;
    if (this.isOpen) return;
    this.isOpen = true;
    this.opened?.();
  }

  /** What got stuck on its way arrives. */
  carryOut(): void {
    this.requestConnection.carryOut();
    this.backgroundConnection.carryOut();
  }

  /** Fails at once while Redis is away. @throws RedisDown. */
  *requests<T>(script: (scripts: Scripts) => T): Process<T> {
    if (this.isOpen) throw REDIS_DOWN;
    try {
      return yield* this.requestConnection.run(() => script(this.world.redis.scripts));
    } catch (error) {
      this.trip();
      throw error;
    }
  }

  /** Always tries. @throws RedisDown. */
  background<T>(script: (scripts: Scripts) => T): Process<T> {
    return this.backgroundConnection.run(() => script(this.world.redis.scripts));
  }

  /** Resolves when a probe has ended, whatever came out: there is one at a time. */
  *probe(): Process {
    const { probing } = this;
    if (probing) {
      while (this.probing === probing) yield 'waits';
      return;
    }
    const mine = (this.probing = {});
    yield* leftToTheSweep(this.probeOnce());
    if (this.probing === mine) this.probing = undefined;
  }

  private *probeOnce(): Process {
    const { trips, recovery } = this;
    const { redis, removed, now } = this.world;
    const run = yield* this.requestConnection.run(() => redis.run);
    const isNewRun = run !== this.epoch;
    const isRecovered =
      removed.has('recovery-first') || (yield* recovery!.beforeRedisIsTrusted(isNewRun));
    this.epoch = run;
    if (this.trips !== trips) return;
    if (!this.isOpen) return;
    this.isOpen = false;
    this.trustedSince = isRecovered ? now : -1;
    recovery!.afterRedisIsTrusted();
  }
}
