import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ReplyError } from 'ioredis';
import OpenAI from 'openai';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { PinoLogger } from '../../src/logging/pino.logger.js';

const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(line) };

const CANARY = 'canary-4711';

function databaseError(): Error {
  const driverError = new pg.DatabaseError(`invalid input: "${CANARY}"`, 10, 'error');
  driverError.detail = `Failing row contains (${CANARY}).`;
  driverError.code = '22P02';
  driverError.where = `COPY conversation_messages, line 1: "${CANARY}"`;
  driverError.internalQuery = `select '${CANARY}'`;
  driverError.hint = CANARY;
  return driverError;
}

/** As ioredis makes it, with all that was sent. */
function redisError(): Error {
  const command = { name: 'evalsha', args: ['sha', '1', `conversation:${CANARY}`, CANARY] };
  return Object.assign(new (ReplyError as ErrorConstructor)(`ERR ${CANARY}`), { command });
}

/** As the client of an engine makes it, which quotes the reply. */
const engineError = (): Error =>
  new OpenAI.APIError(400, { message: CANARY, prompt: CANARY }, CANARY, new Headers({ x: CANARY }));

const errors: [what: string, error: Error][] = [
  ['a plain error', new Error(CANARY)],
  ['an error of several lines', new Error(`first\n    at ${CANARY}\nthird`)],
  ['an error of Postgres', databaseError()],
  ['an error of TypeORM', new QueryFailedError('select $1', [CANARY], databaseError())],
  ['an error of Redis', redisError()],
  ['an error of the answer engine', engineError()],
  [
    'an error with a cause',
    new Error('outer', { cause: new Error(CANARY, { cause: databaseError() }) }),
  ],
  [
    'an error with fields',
    Object.assign(new Error('x'), { query: CANARY, body: { query: CANARY } }),
  ],
  ['several errors', new AggregateError([new Error(CANARY)], CANARY)],
];

describe('the log', () => {
  it.each(errors)('names %s, and holds nothing of what it says', (_, error) => {
    const logger = new PinoLogger('trace', destination);
    const marker = randomUUID();
    for (const write of ['log', 'warn', 'error', 'fatal', 'debug', 'verbose'] as const) {
      logger[write](marker, error, 'Context');
      logger[write](marker, error.stack, 'Context');
      logger[write](error, 'Context');
      logger[write]({ body: CANARY, error }, 'Context');
    }
    const written = lines.splice(0);
    expect(written).toHaveLength(24);
    expect(written.filter((line) => line.includes(marker))).toHaveLength(12);
    for (const line of written) {
      expect(line).not.toContain(CANARY);
      expect(JSON.parse(line)).toMatchObject({ context: 'Context', time: expect.any(String) });
    }
    expect(written[0]).toContain(error.name);
  });

  it('says where in the code an error came from', () => {
    new PinoLogger('info', destination).error('it failed', new Error(CANARY), 'Context');
    const line = JSON.parse(lines.splice(0)[0]!) as { at: string[] };
    expect(line.at[0]).toContain('log.test.ts');
  });
});
