import type { Instance } from './instance.js';
import { ignore, type Process, RedisDown, Unavailable } from './process.js';
import type { NewTurn } from './session.js';

/** src/sync/hybrid.claims.ts, as far as it decides whether an earlier try is looked for. */
export class Claims {
  constructor(private readonly instance: Instance) {}

  /** @returns whether the turn's key was seen before. @throws Unavailable. */
  *take(turn: NewTurn): Process<boolean> {
    const { redis, postgres, world } = this.instance;
    try {
      if (yield* redis.requests((scripts) => scripts.claim(turn.turn))) return true;
    } catch (error) {
      ignore(error, RedisDown);
      return yield* postgres.run(() => world.postgres.claim(turn));
    }
    try {
      return yield* postgres.run(() => world.postgres.knows(turn));
    } catch (error) {
      ignore(error, Unavailable);
      return false;
    }
  }
}
