import { GuardedRedis } from './breaker.js';
import { Claims } from './claims.js';
import { PostgresConnection } from './connection.js';
import { Flusher } from './flusher.js';
import { History } from './history.js';
import { ignore, leftToTheSweep, type Process, RedisDown, Unavailable } from './process.js';
import { Leftovers } from './leftovers.js';
import { Recovery } from './recovery.js';
import { Rescue } from './rescue.js';
import { Restore } from './restore.js';
import type { World } from './world.js';

/** One instance of the service: src/sync step by step, in parts of the same names. */
export class Instance {
  readonly redis: GuardedRedis;
  readonly postgres: PostgresConnection;
  readonly flusher = new Flusher(this);
  readonly restore = new Restore(this);
  readonly recovery = new Recovery(this);
  readonly rescue = new Rescue(this);
  readonly leftovers = new Leftovers(this);
  readonly history = new History(this);
  readonly claims = new Claims(this);

  constructor(readonly world: World) {
    this.redis = new GuardedRedis(world);
    this.postgres = new PostgresConnection(world);
    this.redis.recoverWith(this);
    this.redis.onOpened(() => this.rescueSoon());
  }

  *beforeRedisIsTrusted(isNewRun: boolean): Process<boolean> {
    yield* this.rescue.beforeRedisIsTrusted(isNewRun);
    return yield* this.recovery.beforeRedisIsTrusted();
  }

  afterRedisIsTrusted(): void {
    this.recovery.afterRedisIsTrusted();
    this.rescueSoon();
  }

  /** kill -9: nothing but what is on its way stays of it. */
  forget(): void {
    this.rescue.forgetAll();
    this.leftovers.forget();
    this.redis.forget();
    this.recovery.forget();
  }

  /** Redis went away, or one of the stores is back. */
  rescueSoon(): void {
    this.world.start(this, this.rescue.rescueAll());
  }

  /** src/sync/sweep.ts: what fails is left out of the rest of the pass. */
  *sweep(): Process {
    yield* leftToTheSweep(this.sweepOnce());
  }

  private *sweepOnce(): Process {
    yield* this.recovery.recover();
    const failed = new Set<string>();
    for (;;) {
      const dirty = this.world.redis.dirty.filter((id) => !failed.has(id));
      if (dirty.length === 0) return yield* this.leftovers.settle();
      const { held } = yield* this.flusher.flush(dirty);
      for (const id of held) failed.add(id);
    }
  }

  /** An operator tries a dead letter again: src/admin/dead-letters.controller.ts. */
  *retryDeadLetter(id: string, turn: string): Process {
    try {
      yield* this.postgres.run(() => this.world.retryDeadLetter(id, turn));
      yield* this.recovery.recover();
    } catch (error) {
      ignore(error, RedisDown, Unavailable);
    }
  }
}
