import { ServiceError } from '../conversation/errors.js';
import { failureKind } from '../persistence/sqlstate.js';
import { RedisUnavailable } from '../redis/lane.js';

/** A failure in one word, for a metric's label and a log line: never the error's own text, which may hold contents. */
export function failureReason(error: unknown): string {
  if (error instanceof RedisUnavailable) return 'redis';
  const kind = failureKind(error);
  if (error instanceof ServiceError && (kind === null || kind === 'unavailable')) return error.code;
  return kind ?? 'internal';
}
