import { type Process, REDIS_DOWN, UNAVAILABLE } from './process.js';
import type { World } from './world.js';

/** One client of Redis: what is sent on it is carried out in order, sometimes long after its sender has given up. */
export class RedisConnection {
  /** Its own way to Redis: others may reach what this one does not. */
  linked = true;
  private late: { readonly run: number; readonly script: () => unknown }[] = [];

  constructor(private readonly world: World) {}

  /** Sent, carried out and answered at three different moments. @throws RedisDown. */
  *run<T>(script: () => T): Process<T> {
    const { redis, random } = this.world;
    const { run } = redis;
    yield;
    if (!redis.reachable || redis.run !== run) throw REDIS_DOWN;
    if (redis.frozen || !this.linked) {
      this.late.push({ run, script });
      yield;
      throw REDIS_DOWN;
    }
    this.carryOut();
    const reply = script();
    const isLost = random.mishap('reply lost');
    yield;
    if (isLost || redis.run !== run) throw REDIS_DOWN;
    return reply;
  }

  /** What got stuck on its way arrives, if the server that it was sent to still runs. */
  carryOut(): void {
    const { redis } = this.world;
    if (redis.frozen || !this.linked) return;
    for (const { run, script } of this.late.splice(0)) if (run === redis.run) script();
  }
}

/** The way to Postgres. A transaction whose reply does not come may be carried out, at once or later, or not at all. */
export class PostgresConnection {
  linked = true;

  constructor(private readonly world: World) {}

  /** @throws Unavailable, Poison. */
  *run<T>(transaction: () => T): Process<T> {
    const { postgres, random } = this.world;
    yield;
    if (!postgres.reachable || !this.linked) throw UNAVAILABLE;
    if (random.mishap('commit late')) {
      this.world.commitLate(transaction);
      yield;
      throw UNAVAILABLE;
    }
    const reply = transaction();
    const isLost = random.mishap('reply lost');
    yield;
    if (isLost) throw UNAVAILABLE;
    return reply;
  }
}
