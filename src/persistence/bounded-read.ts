import type { PoolClient } from 'pg';
import { ServiceError } from '../conversation/errors.js';
import type { Database } from './database.js';
import { sqlstateOf } from './sqlstate.js';

/** Below the client's own timeout, which would take a slow statement for a server that is away, and shut it to everybody. */
export const READ_WITHIN_MS = 4000;
const CANCELLED = '57014';
const RETRY_AFTER_SECONDS = 10;

export interface ReadBounds {
  /** Of each statement. */
  readonly withinMs: number;
  /** What a caller is told of one that takes longer. */
  readonly tooSlow: string;
  /** More settings of the transaction, as SQL. */
  readonly settings?: string;
}

/**
 * Runs statements that may take long, and change nothing: Postgres itself gives up what takes too long, so that shuts it
 * to nobody. The bounds travel with the beginning of the transaction.
 * @throws ServiceError storage_unavailable.
 */
export async function readWithin<T>(
  database: Pick<Database, 'transaction'>,
  { withinMs, tooSlow, settings = '' }: ReadBounds,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const bounds = `set transaction read only; set local statement_timeout = ${withinMs}; ${settings}`;
  try {
    return await database.transaction(work, bounds);
  } catch (cause) {
    if (sqlstateOf(cause) !== CANCELLED) throw cause;
    const retryAfterSeconds = RETRY_AFTER_SECONDS;
    throw new ServiceError('storage_unavailable', tooSlow, { cause, retryAfterSeconds });
  }
}
