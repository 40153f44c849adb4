import { partitionKeys } from '../redis/keys.js';
import type { Lane } from '../redis/lane.js';
import { Script } from '../redis/script.js';

const CLAIM = Script.load(new URL('./lua/claim.lua', import.meta.url));
const RELEASE = Script.load(new URL('./lua/release.lua', import.meta.url));

// Longer than a batch takes behind a slow Postgres; a dead holder costs a partition no more than this.
const LEASE_MS = 15_000;

/** Keeps several sweepers from doing the same partition at once. It saves work; nothing depends on it. */
export class PartitionLease {
  constructor(
    private readonly lane: Lane,
    private readonly token: string,
  ) {}

  /** @returns the ids that have been dirty longest; none when nothing is dirty or another sweeper is at it. */
  async claim(partition: number, maxConversations: number): Promise<string[]> {
    const { dirty, lease } = partitionKeys(partition);
    const args = [this.token, String(LEASE_MS), String(maxConversations)];
    return (await this.lane.run(CLAIM, [dirty, lease], args)) as string[];
  }

  async release(partition: number): Promise<void> {
    await this.lane.run(RELEASE, [partitionKeys(partition).lease], [this.token]);
  }
}
