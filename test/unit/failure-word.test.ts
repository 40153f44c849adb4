import { ReplyError } from 'ioredis';
import { expect, it } from 'vitest';
import { failureWord } from '../../src/redis/failure-word.js';
import { RedisUnavailable } from '../../src/redis/lane.js';

const CANARY = 'canary-4711';
const refused = (text: string) => new (ReplyError as ErrorConstructor)(text);

it.each([
  [refused(`OOM command not allowed for ${CANARY}`), 'OOM'],
  [refused(`NOPERM no permissions to access '${CANARY}'`), 'NOPERM'],
  [refused(`${CANARY} ERR`), 'refused'],
  [new RedisUnavailable(refused(`READONLY ${CANARY}`)), 'READONLY'],
  [Object.assign(new Error(`connect ${CANARY}`), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new Error(`Command timed out ${CANARY}`), 'no answer'],
  [undefined, 'no answer'],
])('names a failure of Redis by its word alone', (failure, word) => {
  expect(failureWord(failure)).toBe(word);
});
