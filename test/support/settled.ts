import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { sweepNow } from './admin.js';
import { eventually } from './eventually.js';
import type { HttpClient } from './http-client.js';
import { Ledger } from './ledger.js';
import { expectVerified } from './verified.js';

/** A database to be asked past the service. */
export interface Queryable {
  query<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/** How many turns the archive holds, of all conversations. */
export async function countTurns(database: Queryable): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'select count(*)::integer from conversation_messages',
  );
  return row!.count;
}

export interface Expected {
  /** Accepted turns that went with Redis. */
  readonly lost?: number;
  /** Turns went around a Redis that held earlier ones of their conversation: how many is printed. */
  readonly mayOvertake?: boolean;
  /** Turns whose callers heard nothing good: they may be kept or not. */
  readonly unheard?: number;
  /** How many of those are kept, where that is known. */
  readonly kept?: number;
}

/**
 * After a drain: the invariants hold, the archive has each acknowledged turn once, in order, as it was answered, and
 * nothing else but what `unheard` allows; and no conversation waits for its recovery.
 */
export async function expectSettled(
  service: HttpClient,
  { redis, database }: { redis: Redis; database: Queryable },
  ledger: Ledger,
  { lost = 0, mayOvertake = false, unheard = 0, kept }: Expected = {},
): Promise<void> {
  await expectVerified(service, redis);
  const { overtaking, ...differences } = await ledger.compare(database);
  expect({ ...differences, lost: differences.lost.length }).toEqual({
    lost,
    doubled: [],
    reordered: [],
  });
  if (mayOvertake) console.log(`${overtaking.length} turns overtook others that Redis held`);
  else expect(overtaking).toEqual([]);
  const strays = await Ledger.straysIn(database);
  expect(strays.length).toBeLessThanOrEqual(kept ?? unheard);
  expect(strays.length).toBeGreaterThanOrEqual(kept ?? 0);
  await expectNoMarks(service, database);
}

/** Waits until no conversation has turns that were written around Redis and that nobody has recovered. */
export async function expectNoMarks(service: HttpClient, database: Queryable): Promise<void> {
  // One that a flush held when the others were cleared goes with the next sweep.
  await eventually(async () => {
    const [marks] = await database.query<{ count: number }>(
      'select count(*)::integer from conversation_sessions where hot_stale is not null',
    );
    if (marks!.count > 0) await sweepNow(service);
    expect(marks).toEqual({ count: 0 });
  });
}
