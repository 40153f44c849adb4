import { metaPrefix, partitionKeys } from '../redis/keys.js';
import type { Lane } from '../redis/lane.js';
import { keysOf, SCRIPTS } from './scripts.js';

export interface PartitionCount {
  readonly activeSessions: number;
  readonly dirtyConversations: number;
  readonly unsyncedTurns: number;
  readonly oldestDirtyMs: number;
}

/** A session as it lies in Redis, whole or not. */
export interface InspectedSession {
  readonly owner: string | null;
  readonly base: number;
  readonly last: number;
  readonly synced: number;
  readonly length: number;
  readonly hasTtl: boolean;
  readonly isDirty: boolean;
  readonly turnIds: readonly string[];
}

/** Looks at sessions without being their user: nothing that it does prolongs or changes one. */
export class SessionInspector {
  constructor(private readonly lane: Lane) {}

  async count(partition: number): Promise<PartitionCount> {
    const { dirty, active } = partitionKeys(partition);
    const reply = await this.lane.run(SCRIPTS.partition, [dirty, active], [metaPrefix(partition)]);
    const [activeSessions, dirtyConversations, unsyncedTurns, oldestDirtyMs] = reply as number[];
    return { activeSessions, dirtyConversations, unsyncedTurns, oldestDirtyMs } as PartitionCount;
  }

  /** The conversations that have a session, or are marked dirty. */
  async known(partition: number): Promise<string[]> {
    const { dirty, active } = partitionKeys(partition);
    return (await this.lane.run(SCRIPTS.known, [dirty, active], [])) as string[];
  }

  async inspect(conversationId: string): Promise<InspectedSession | null> {
    const reply = await this.lane.run(SCRIPTS.inspect, keysOf(conversationId), [conversationId]);
    if (typeof reply === 'number') return null;
    const [owner, base, last, synced, length, metaTtl, turnsTtl, dirty, turnIds] = reply as [
      string,
      ...numbers: [number, number, number, number, number, number, number],
      turnIds: string[],
    ];
    return {
      owner: owner || null,
      base,
      last,
      synced,
      length,
      hasTtl: metaTtl >= 0 || turnsTtl >= 0,
      isDirty: dirty === 1,
      turnIds,
    };
  }
}
