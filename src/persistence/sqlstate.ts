import { ServiceError } from '../conversation/errors.js';

/**
 * What to do about a failed statement:
 * `unavailable`: Postgres is away; `transient`: the same again, later, may work; `environment`: rights or
 * schema are wrong, and an operator has to act; `poison`: these very rows are refused, others are not.
 */
export type FailureKind = 'unavailable' | 'transient' | 'environment' | 'poison';

/** A lock was not to be had in time. */
export const LOCK_NOT_AVAILABLE = '55P03';

const KINDS: readonly [prefix: string, kind: FailureKind][] = [
  ['08', 'unavailable'], // connection
  ['57P', 'unavailable'], // shutting down, crashed, starting up
  ['53300', 'unavailable'], // too many connections
  ['53', 'transient'], // out of disk or memory
  ['40', 'transient'], // deadlock, serialization
  [LOCK_NOT_AVAILABLE, 'transient'],
  ['57014', 'transient'], // cancelled
  ['25006', 'transient'], // read-only, as during a failover
  ['23505', 'transient'], // somebody else was first with this row: the next try sees it
  ['22', 'poison'], // data that no column takes
  ['23', 'poison'], // a constraint refuses it
  ['54', 'poison'], // too large for the server
];

/** What a caller is told hides the driver's own error. */
const reasonOf = (error: unknown): unknown => (error instanceof ServiceError ? error.cause : error);

/** The SQLSTATE of an error by the server, or null when the server said nothing. */
export function sqlstateOf(thrown: unknown): string | null {
  const error = reasonOf(thrown);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

// What pg says when the server said nothing: it has no codes for these. And TypeORM, whose runner gives up its
// connection when that breaks between two queries.
const NO_ANSWER = /timeout|terminated|connection|calling end|runner already released/i;

/** Whether no answer came at all: a refused, reset or timed-out connection, or a query given up. */
function isNoAnswer(thrown: unknown): boolean {
  const error = reasonOf(thrown);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return /^E[A-Z_]+$/.test(code) || NO_ANSWER.test(error.message);
}

/** @returns null for an error that has nothing to do with Postgres. */
export function failureKind(error: unknown): FailureKind | null {
  const state = sqlstateOf(error);
  if (state === null) return isNoAnswer(error) ? 'unavailable' : null;
  return KINDS.find(([prefix]) => state.startsWith(prefix))?.[1] ?? 'environment';
}

const REFUSALS: readonly [prefix: string, reason: string][] = [
  ['22', 'a value that no column takes'],
  ['23514', 'a check constraint refuses it'],
  ['23', 'a constraint refuses it'],
  ['54', 'too large for the server'],
];

/** Why a turn is a dead letter, in words that hold nothing of it. */
export function describeRefusal(sqlstate: string): string {
  return REFUSALS.find(([prefix]) => sqlstate.startsWith(prefix))?.[1] ?? 'refused';
}
