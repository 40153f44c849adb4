import { expect } from 'vitest';
import type { Problem } from '../../src/http/api-problems.js';
import type { Reply } from './http-client.js';

/** The reply is this error, said as RFC 9457 has it and with nothing beside it. */
export function expectProblem(reply: Reply<unknown>, status: number, code: string): Problem {
  expect(reply).toMatchObject({ status, body: { status, code } });
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  expect(reply.headers.get('x-request-id')).toMatch(/^[\w.-]{1,64}$/);
  const problem = reply.body as Problem;
  expect(problem).toEqual({
    type: expect.stringMatching(/^[a-z]+:/),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    code,
    retryable: expect.any(Boolean),
    ...(problem.errors && { errors: problem.errors }),
  });
  for (const field of problem.errors ?? []) {
    expect(field).toEqual({
      path: expect.stringMatching(/./),
      message: expect.stringMatching(/./),
    });
  }
  return problem;
}
