import { describe, expect, it } from 'vitest';
import { v4 as uuidv4 } from 'uuid';
import { PARTITIONS, partitionOf } from '../../src/redis/keys.js';
import { randomOf } from '../support/random.js';

const CONVERSATIONS = 100_000;
const NODES = 12;

/** How many conversations each partition has. */
function conversationsPerPartition(): number[] {
  const random = randomOf(7);
  const counts = Array.from({ length: PARTITIONS }, () => 0);
  for (let made = 0; made < CONVERSATIONS; made++) {
    const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
    counts[partitionOf(uuidv4({ random: bytes }))]!++;
  }
  return counts;
}

describe('the partitions', () => {
  const counts = conversationsPerPartition();

  it('are 1,024, and share the conversations evenly', () => {
    const mean = CONVERSATIONS / PARTITIONS;
    expect(PARTITIONS).toBe(1024);
    expect(Math.min(...counts)).toBeGreaterThan(mean * 0.5);
    expect(Math.max(...counts)).toBeLessThan(mean * 1.5);
  });

  it('keep the busiest of twelve nodes near the mean', () => {
    const perNode = Array.from({ length: NODES }, () => 0);
    for (const [partition, count] of counts.entries()) perNode[partition % NODES]! += count;
    expect(Math.max(...perNode)).toBeLessThan((CONVERSATIONS / NODES) * 1.07);
  });

  it('are the same for the same conversation, always', () => {
    expect(partitionOf('5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11')).toBe(
      partitionOf('5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11'),
    );
    // CRC-32 of "123456789" is the published check value 0xCBF43926.
    expect(partitionOf('123456789')).toBe(0xcbf43926 % 1024);
  });
});
