import { ERROR_CODES, type ErrorCode } from '../../src/conversation/errors.js';
import type { Fuzzed } from './requests.js';
import type { FuzzReply, Outcome } from './send.js';

const MAX_BODY_BYTES = 256 * 1024;
const SHOWN_CHARACTERS = 600;

/** A machine that is busy with other things may keep a store from answering in its half second. */
export const isUnavailable = (outcome: Outcome): boolean =>
  outcome !== 'cut' && outcome.status === 503 && outcome.body.includes('"storage_unavailable"');

/** What is wrong with what came back, or null. The stores and the engine are well: a 5xx has no excuse but one. */
export function faultOf(fuzzed: Fuzzed, outcome: Outcome): string | null {
  if (isUnavailable(outcome)) return null;
  if (fuzzed.kind === 'bytes') {
    return outcome !== 'cut' && outcome.status >= 500 ? `a ${outcome.status}` : null;
  }
  if (outcome === 'cut') {
    // A body that is too large is refused before all of it has come; and what is no request, in a problem that a
    // client that sent HEAD does not expect.
    const isTooLarge = (fuzzed.body?.length ?? 0) > MAX_BODY_BYTES;
    return isTooLarge || fuzzed.method === 'HEAD' ? null : 'no reply';
  }
  if (outcome.status >= 500) return `a ${outcome.status}`;
  if (!outcome.headers['x-request-id']) return 'no x-request-id';
  if (outcome.status < 400 || fuzzed.method === 'HEAD') return null;
  return isProblem(outcome) ? null : `a ${outcome.status} that is no problem of ours`;
}

function isProblem({ status, headers, body }: FuzzReply): boolean {
  if (!String(headers['content-type']).startsWith('application/problem+json')) return false;
  const problem = JSON.parse(body) as { code: ErrorCode; status: number };
  return ERROR_CODES[problem.code]?.status === status && problem.status === status;
}

/** A request in one line, to be sent again by hand. */
export function describeFuzzed(fuzzed: Fuzzed): string {
  const text =
    fuzzed.kind === 'bytes'
      ? `bytes ${fuzzed.bytes.toString('base64')}`
      : `${fuzzed.method} ${fuzzed.path} ${JSON.stringify(fuzzed.headers)} ${fuzzed.body?.toString('latin1') ?? ''}`;
  return JSON.stringify(text).slice(0, SHOWN_CHARACTERS);
}
