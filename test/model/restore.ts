import type { Instance } from './instance.js';
import { DENIED, type Process, UNAVAILABLE } from './process.js';
import { KEEP_TURNS, Refusal } from './session.js';

const MAX_TRIES = 5;

/** src/sync/restore.ts, and `mended` of mended.sessions.ts. */
export class Restore {
  constructor(private readonly instance: Instance) {}

  /** Repeats a script until nothing stands in its way. @throws RedisDown, Unavailable, Denied. */
  *mended<T extends object | number>(id: string, attempt: () => Process<T | Refusal>): Process<T> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const reply = yield* attempt();
      if (reply === Refusal.Missing || reply === Refusal.Stale) {
        if (!(yield* this.instance.rescue.afterMiss(id))) throw UNAVAILABLE;
      }
      if (reply === Refusal.Missing) yield* this.fill(id);
      else if (reply === Refusal.Stale) yield* this.discard(id);
      else if (reply === Refusal.Changed) throw DENIED;
      else return reply;
    }
    throw UNAVAILABLE;
  }

  *fill(id: string): Process {
    const { redis, postgres, world } = this.instance;
    const { epoch } = redis;
    const ticket = yield* redis.requests((scripts) => scripts.reserve(id));
    const tail = yield* postgres.run(() => world.postgres.tail(id, KEEP_TURNS));
    if (!tail) throw DENIED;
    if (ticket === null) return;
    const { turns, count } = tail;
    yield* redis.requests((scripts) => scripts.restore(id, turns, count, epoch, ticket));
  }

  /** Removes a session without losing a turn. @throws RedisDown, Unavailable. */
  *discard(id: string): Process {
    const { redis, flusher } = this.instance;
    do yield* flusher.flushAll(id);
    while (!(yield* redis.background((scripts) => scripts.drop(id))));
  }
}
