import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { metricOf } from '../support/metrics.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';

const FAILURES = 5;

const stub = await new LlmStub().start();
afterAll(() => stub.stop());
const service = await startService({
  HISTORY_MODE: 'client',
  ANSWER_ENGINE: 'openai',
  OPENAI_BASE_URL: stub.baseUrl,
  OPENAI_MODEL: 'fake-llm',
});

const ask = () => service.chat({ query: 'What is dropout?' });

it('tells callers when to come back while the engine fails, asks it nothing more, and goes on once it is back', async () => {
  stub.always = { kind: 'status', status: 500, retryAfter: '0' };
  stub.modelsStatus = 500;
  for (let time = 0; time < FAILURES; time++) {
    expectProblem(await ask(), 502, 'answer_engine_failed');
  }
  const asked = stub.requests.length;
  const refused = await ask();
  expectProblem(refused, 502, 'answer_engine_failed');
  expect(refused.headers.get('retry-after')).toBe('2');
  expect(stub.requests).toHaveLength(asked);
  expect(await metricOf(service, 'answer_engine_away')).toBe(1);

  stub.always = null;
  stub.modelsStatus = 200;
  await eventually(async () => expect((await ask()).status).toBe(200));
  expect(await metricOf(service, 'answer_engine_away')).toBe(0);
});

it('passes on how long the engine wants to be left alone', async () => {
  stub.next({ kind: 'status', status: 429, retryAfter: '90' });
  const refused = await ask();
  expectProblem(refused, 502, 'answer_engine_failed');
  expect(refused.headers.get('retry-after')).toBe('90');
});
