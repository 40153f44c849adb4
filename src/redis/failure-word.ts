import { ReplyError } from 'ioredis';
import { RedisUnavailable } from './lane.js';

/** Why Redis is away, in a word of its own or of the system: an error's text may name a host or a key. */
export function failureWord(thrown: unknown): string {
  const cause = thrown instanceof RedisUnavailable ? thrown.cause : thrown;
  if (cause instanceof ReplyError) {
    return /^[A-Z]+\b/.exec((cause as Error).message)?.[0] ?? 'refused';
  }
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
}
