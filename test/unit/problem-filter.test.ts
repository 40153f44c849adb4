import { type ArgumentsHost, HttpException, Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode, ServiceError } from '../../src/conversation/errors.js';
import { ProblemFilter } from '../../src/http/problem.filter.js';

const CANARY = 'canary-4711';
Logger.overrideLogger(false);

/** What the filter sends for an error. */
function sent(error: unknown) {
  const reply = {
    statusCode: 0,
    headers: {} as Record<string, string>,
    body: '',
    status: (code: number) => ((reply.statusCode = code), reply),
    type: (value: string) => reply.header('content-type', value),
    header: (name: string, value: string) => ((reply.headers[name.toLowerCase()] = value), reply),
    send: (body: string) => ((reply.body = body), reply),
  };
  const http = { getResponse: () => reply, getRequest: () => ({}) };
  new ProblemFilter().catch(error, { switchToHttp: () => http } as unknown as ArgumentsHost);
  return { ...reply, problem: JSON.parse(reply.body) as Record<string, unknown> };
}

const withStatus = (statusCode: number) => Object.assign(new Error(CANARY), { statusCode });

// As api.md has it.
const STATUSES: Record<string, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  conversation_not_found: 404,
  turn_not_found: 404,
  idempotency_in_progress: 409,
  search_unavailable: 409,
  not_in_this_mode: 409,
  conversation_changed: 412,
  payload_too_large: 413,
  idempotency_key_reused: 422,
  rate_limited: 429,
  internal: 500,
  decryption_failed: 500,
  answer_engine_failed: 502,
  storage_unavailable: 503,
  identity_unavailable: 503,
  too_many_unsynced: 503,
  answer_engine_timeout: 504,
};

describe('an error of the service', () => {
  it.each(Object.entries(STATUSES))('%s is a %i', (code, status) => {
    const { statusCode, headers, problem } = sent(new ServiceError(code as ErrorCode, 'Do this.'));
    expect(statusCode).toBe(status);
    expect(headers['content-type']).toMatch(/^application\/problem\+json\b/);
    expect(problem).toEqual({
      type: `urn:openta:error:${code}`,
      title: expect.stringMatching(/./),
      status,
      detail: 'Do this.',
      code,
      retryable: expect.any(Boolean),
    });
  });

  it('has a status for each of its codes', () => {
    const known = Object.keys(ERROR_CODES).filter((code) => code !== 'route_not_found');
    expect(known.toSorted()).toEqual(Object.keys(STATUSES).toSorted());
  });

  it('says when to try again, and which fields are wrong', () => {
    const fields = [{ path: 'query', message: 'takes a text' }];
    const { headers, problem } = sent(
      new ServiceError('invalid_request', 'Do this.', { fields, retryAfterSeconds: 7 }),
    );
    expect(headers['retry-after']).toBe('7');
    expect(problem['errors']).toEqual(fields);
  });

  it('keeps its cause to itself', () => {
    const error = new ServiceError('storage_unavailable', 'Later.', { cause: new Error(CANARY) });
    expect(sent(error).body).not.toContain(CANARY);
  });
});

describe('an error of the framework', () => {
  it.each([
    [new HttpException(CANARY, 404), 404, 'route_not_found'],
    [new HttpException(CANARY, 400), 400, 'invalid_request'],
    [withStatus(400), 400, 'invalid_request'],
    [withStatus(415), 400, 'invalid_request'],
    [withStatus(413), 413, 'payload_too_large'],
    [new Error(CANARY), 500, 'internal'],
    [CANARY, 500, 'internal'],
    [undefined, 500, 'internal'],
  ])('gets a code, and shows nothing of what it says: %s', (error, status, code) => {
    const { statusCode, body, problem } = sent(error);
    expect({ statusCode, code: problem['code'] }).toEqual({ statusCode: status, code });
    expect(body).not.toContain(CANARY);
  });
});
