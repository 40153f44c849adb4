import { createHash } from 'node:crypto';
import { ServiceError } from '../conversation/errors.js';
import type { IdempotencyMark } from '../conversation/turn.js';

const KEY = /^(?:"([\x21-\x7e]{1,255})"|([\x21-\x7e]{1,255}))$/;
const SEQ = /^"(\d{1,15})"$/;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The mark of a request with an `Idempotency-Key`. @throws ServiceError invalid_request. */
export function readIdempotencyKey(
  header: string | undefined,
  owner: string | null,
  body: unknown,
): IdempotencyMark | null {
  if (header === undefined) return null;
  const key = KEY.exec(header);
  if (!key) throw invalidHeader('Idempotency-Key', 'takes 1 to 255 visible ASCII characters');
  const scope = `${owner ?? ''}\n${key[1] ?? key[2]}`;
  // The key itself is kept nowhere, so whoever reads the digest cannot find the question by trying.
  return { key: digest(scope), body: digest(`${scope}\n${JSON.stringify(body)}`) };
}

/** The seq in an `If-Match`. @throws ServiceError invalid_request. */
export function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seq = SEQ.exec(header)?.[1];
  if (seq === undefined) throw invalidHeader('If-Match', 'takes the last seq in quotes, as in "3"');
  return Number(seq);
}

function invalidHeader(path: string, message: string): ServiceError {
  return new ServiceError('invalid_request', 'Correct the header that errors names.', {
    fields: [{ path, message }],
  });
}
