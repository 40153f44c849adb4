import type { Instance } from './instance.js';
import type { Process } from './process.js';
import type { TurnId } from './session.js';

/** src/sync/leftovers.ts: what an instance still holds once a sweep has been through. */
export class Leftovers {
  private left: readonly TurnId[] = [];

  constructor(private readonly instance: Instance) {}

  /** A new process knows nothing. */
  forget(): void {
    this.left = [];
  }

  *settle(): Process {
    const { postgres, rescue, world } = this.instance;
    for (const id of rescue.conversations) {
      const { turns, deadLetters, erased } = yield* postgres.run(() => world.postgres.row(id));
      if (erased) rescue.forget(id);
      else rescue.settle(id, [...turns, ...deadLetters]);
    }
    if (!world.removed.has('archive-lost')) {
      for (const id of rescue.conversations) yield* this.archiveLost(id);
    }
    this.left = rescue.conversations.flatMap((id) => rescue.of(id).map(({ turn }) => turn));
  }

  private *archiveLost(id: string): Process {
    const { redis, rescue } = this.instance;
    const left = rescue.of(id).filter(({ turn }) => this.left.includes(turn));
    if (left.length === 0) return;
    const session = yield* redis.background((scripts) => scripts.read(id));
    const inRedis = session?.list ?? [];
    const lost = left.filter(({ turn }) => !inRedis.includes(turn));
    yield* rescue.rescue(id, lost, true);
  }
}
