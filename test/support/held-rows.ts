import pg from 'pg';
import { expect } from 'vitest';
import { eventually } from './eventually.js';

/** A row for each session of this database that waits for a lock. */
export const WAITING_FOR_LOCK = `
  select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/**
 * Has somebody hold the rows of these conversations: whatever becomes of Redis meanwhile, nothing of them is archived.
 * @returns what lets them go, once nobody waits for them who might still archive what they had by then
 */
export async function holdRows(
  url: string,
  conversationIds: readonly string[],
): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: url });
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query('begin');
  const { rowCount } = await holder.query(
    'select from conversation_sessions where conversation_id = any($1::text[]) for update',
    [conversationIds],
  );
  expect(rowCount).toBe(conversationIds.length);
  return async () => {
    await eventually(async () => {
      const waiting = await holder.query(WAITING_FOR_LOCK);
      expect(waiting.rowCount).toBe(0);
    });
    await holder.query('rollback');
    await holder.end();
  };
}
