import type { Instance } from './instance.js';
import { ignore, type Process, RedisDown, Unavailable } from './process.js';

const MAX_ROUNDS = 3;

/** src/sync/recovery.ts: sessions that were written around lose their trust. */
export class Recovery {
  private owing = false;
  private isRunning = false;

  constructor(private readonly instance: Instance) {}

  forget(): void {
    this.owing = false;
    this.isRunning = false;
  }

  /** A turn is about to be written around Redis. */
  owe(): void {
    this.owing = true;
  }

  wroteAround(): void {
    this.owing = true;
    if (this.instance.world.removed.has('recovery-after-write')) return;
    if (!this.instance.redis.isOpen) this.recoverInBackground();
  }

  afterRedisIsTrusted(): void {
    if (this.owing && !this.instance.world.removed.has('recovery-after-write')) {
      this.recoverInBackground();
    }
  }

  *recover(): Process {
    const { redis, postgres, world } = this.instance;
    if (world.removed.has('recovery')) return;
    const marked = yield* postgres.run(() => world.postgres.hotStale());
    for (const { id, erased } of marked) {
      yield* redis.background((scripts) => (erased ? scripts.erase(id) : scripts.distrust(id)));
    }
    if (marked.length === 0) return;
    yield* postgres.run(() => world.clearHotStale(marked));
  }

  /** @returns whether Postgres has said what there is to recover. */
  *beforeRedisIsTrusted(): Process<boolean> {
    let owed = false;
    try {
      for (let rounds = 0; rounds === 0 || (this.owing && rounds < MAX_ROUNDS); rounds++) {
        owed ||= this.owing;
        this.owing = false;
        yield* this.recover();
      }
      return true;
    } catch (error) {
      this.owing ||= owed;
      if (owed || !(error instanceof Unavailable)) throw error;
      return false;
    }
  }

  /** One at a time: a turn that comes in meanwhile is owed again, and has this begin anew. */
  private recoverInBackground(): void {
    if (this.isRunning) return;
    this.owing = false;
    this.isRunning = true;
    this.instance.world.start(this.instance, this.recoverOnce());
  }

  private *recoverOnce(): Process {
    try {
      yield* this.recover();
    } catch (error) {
      ignore(error, RedisDown, Unavailable);
      this.owing = true;
      this.isRunning = false;
      this.instance.world.incidents.noteLeftToSweep(this.instance);
      return;
    }
    this.isRunning = false;
    if (this.owing) this.recoverInBackground();
  }
}
