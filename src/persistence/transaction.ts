import type { Pool, PoolClient } from 'pg';
import { failureKind } from './sqlstate.js';

// A row lock that somebody holds must not hold up the other conversations of a batch for long.
const LOCK_TIMEOUT_MS = 2000;
// A client that vanished without a word in mid-transaction would otherwise keep its row locks for hours.
const IDLE_IN_TRANSACTION_MS = 5000;
const BEGIN = `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS};`;

/** Runs statements in one transaction. @param settings of the transaction, as SQL. @throws what fails. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  settings = '',
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(BEGIN + settings);
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    await rollBack(client, error);
    throw error;
  }
}

/** Gives the client back; one whose state is unknown is thrown away instead. */
async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  if (failureKind(error) === 'unavailable') return client.release(true);
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}
