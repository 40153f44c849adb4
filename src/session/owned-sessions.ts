import { metaPrefix, PARTITIONS, partitionKeys } from '../redis/keys.js';
import type { Lane } from '../redis/lane.js';
import { InTurn } from './in-turn.js';
import { SCRIPTS } from './scripts.js';

/** A session that is somebody's. */
export interface OwnedSession {
  readonly conversationId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly turns: number;
}

// Of all acts together, since one user may ask for many: the flush on the same connection waits four milliseconds.
const PARALLEL_SCRIPTS = 8;
// Half a millisecond of the server's time.
const LOOKED_AT_ONCE = 500;

/**
 * Finds the sessions of one owner. There is no list of them: it would cost each turn of everybody something, and who
 * takes everything along or erases it is rare. Guaranteed: a session that is there all the while is found, and all
 * who look share the work of one who does: they take turns, each with a few partitions.
 */
export class OwnedSessions {
  private readonly acts = new InTurn();
  private readonly looks = new InTurn();

  constructor(private readonly lane: Lane) {}

  /** Does what looks for this owner's sessions after all such acts of the same owner that came before. */
  alone<T>(owner: string, act: () => Promise<T>): Promise<T> {
    return this.acts.run(owner, act);
  }

  /** All that live, or those of them that have turns which are not archived; in parts. @throws RedisUnavailable. */
  async *of(owner: string, which: 'active' | 'dirty'): AsyncGenerator<OwnedSession[]> {
    for (let first = 0; first < PARTITIONS; first += PARALLEL_SCRIPTS) {
      const partitions = Array.from({ length: PARALLEL_SCRIPTS }, (_, index) => first + index);
      const look = () =>
        Promise.all(partitions.map((each) => this.inPartition(each, owner, which)));
      yield (await this.looks.run('all', look)).flat();
    }
  }

  private async inPartition(
    partition: number,
    owner: string,
    which: 'active' | 'dirty',
  ): Promise<OwnedSession[]> {
    const owned: OwnedSession[] = [];
    const keys = [partitionKeys(partition)[which]];
    let cursor = '0';
    do {
      const args = [metaPrefix(partition), owner, cursor, String(LOOKED_AT_ONCE)];
      const [next, found] = (await this.lane.run(SCRIPTS.owned, keys, args)) as [
        string,
        (string | number)[],
      ];
      for (let index = 0; index < found.length; index += 3) {
        const [conversationId, createdAt, lastSeq] = found.slice(index, index + 3);
        owned.push({
          conversationId: String(conversationId),
          startedAt: Number(createdAt),
          turns: Number(lastSeq),
        });
      }
      cursor = next;
    } while (cursor !== '0');
    return owned;
  }
}
