import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { HttpClient } from './http-client.js';
import type { Ledger } from './ledger.js';
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

/**
 * After a drain: the invariants hold, and the archive has each acknowledged turn once, in order, as it was answered.
 * @param unheard how many turns more there may be: their callers heard nothing good, so they may be kept or not
 */
export async function expectSettled(
  service: HttpClient,
  stores: { redis: Redis; database: Queryable },
  ledger: Ledger,
  { unheard = 0 } = {},
): Promise<void> {
  await expectVerified(service, stores.redis);
  const differences = await ledger.compare(stores.database);
  expect(differences).toEqual({ lost: [], doubled: [], reordered: [], overtaking: [] });
  const count = await countTurns(stores.database);
  expect(count).toBeGreaterThanOrEqual(ledger.acknowledged.length);
  expect(count).toBeLessThanOrEqual(ledger.acknowledged.length + unheard);
}
