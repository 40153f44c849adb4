import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Environment } from '../../../src/config/environment.js';
import { eventually } from '../../support/eventually.js';
import { LlmStub } from '../../support/llm-stub.mjs';
import { openAiEngine } from '../../support/openai-engine.js';

const stub = new LlmStub();
beforeAll(() => stub.start());
afterEach(() => stub.reset());
afterAll(() => stub.stop());

const FAILURES = 5;

interface Asking {
  readonly ask: () => Promise<string>;
  readonly changes: boolean[];
}

/** Asks one engine; `code` in place of an answer that failed. */
function asking(settings: Record<string, string> = {}): Asking {
  const environment = new Environment({
    ANSWER_ENGINE: 'openai',
    OPENAI_BASE_URL: stub.baseUrl,
    OPENAI_MODEL: 'fake-llm',
    ...settings,
  });
  const changes: boolean[] = [];
  const onChange = (isAway: boolean): void => void changes.push(isAway);
  const engine = openAiEngine(environment, undefined, { onChange, pauseMs: 20 });
  const signal = new AbortController().signal;
  const ask = async (): Promise<string> => {
    const answer = engine.answer({ query: 'What is dropout?', history: [], signal });
    return answer.then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
  };
  return { ask, changes };
}

/** Fails so that nothing is tried again. */
const broken = { kind: 'raw', body: '<html>Bad gateway</html>' } as const;
const atOnce = { kind: 'status', status: 503, retryAfter: '0' } as const;

it.each([broken, atOnce])(
  'a server that fails five questions in a row is left in peace until it is back: %o',
  async (behaviour) => {
    stub.always = behaviour;
    stub.modelsStatus = 503;
    const { ask, changes } = asking();
    for (let time = 0; time < FAILURES; time++) expect(await ask()).toBe('answer_engine_failed');
    const asked = stub.requests.length;
    const startMs = performance.now();
    for (let time = 0; time < 20; time++) expect(await ask()).toBe('answer_engine_failed');
    expect(performance.now() - startMs, 'refused at once').toBeLessThan(5_000);
    expect(stub.requests).toHaveLength(asked);
    await eventually(() => expect(stub.probes).toBeGreaterThan(2));
    expect(stub.requests, 'no question is a probe').toHaveLength(asked);

    stub.always = null;
    stub.modelsStatus = 200;
    await eventually(async () => expect(await ask()).toBe('answered'));
    expect(changes).toEqual([true, false]);
  },
);

it('a server without a list of models is tried with one question at a time', async () => {
  stub.always = broken;
  stub.modelsStatus = 404;
  const { ask } = asking();
  for (let time = 0; time < FAILURES; time++) await ask();
  stub.always = { kind: 'hang' };
  const before = stub.requests.length;
  const hanging: Promise<string>[] = [];
  await eventually(() => {
    hanging.push(ask());
    expect(stub.requests).toHaveLength(before + 1);
  });
  expect(await ask()).toBe('answer_engine_failed');
  expect(stub.requests).toHaveLength(before + 1);
});

it.each([400, 401, 404, 429])('a server is not away that refuses with %d', async (status) => {
  stub.always = { kind: 'status', status, retryAfter: '3600' };
  const { ask, changes } = asking();
  for (let time = 0; time < 2 * FAILURES; time++) expect(await ask()).toBe('answer_engine_failed');
  expect(changes).toEqual([]);
  stub.always = null;
  expect(await ask()).toBe('answered');
});

it.each([
  ['said nothing until the deadline', { kind: 'hang' }, { ANSWER_TIMEOUT_MS: '400' }],
  [
    'falls silent in mid-answer',
    { kind: 'stream', chunks: ['It'], end: 'silence' },
    { ANSWER_IDLE_TIMEOUT_MS: '50' },
  ],
] as const)('a server is away that %s, five times', async (_, behaviour, settings) => {
  const { ask, changes } = asking(settings);
  // The first answer waits for the index of the papers, which is no fault of the server.
  await eventually(async () => expect(await ask()).toBe('answered'));
  stub.always = behaviour;
  stub.modelsStatus = 503;
  for (let time = 0; time < FAILURES; time++) expect(await ask()).toBe('answer_engine_timeout');
  expect(await ask()).toBe('answer_engine_failed');
  expect(changes).toEqual([true]);
});

it('a server is not away that is still speaking at the deadline', async () => {
  const { ask, changes } = asking({ ANSWER_TIMEOUT_MS: '1000' });
  await ask();
  stub.always = { kind: 'stream', chunks: Array.from({ length: 200 }, () => ['so ', 50]).flat() };
  for (let time = 0; time <= FAILURES; time++) expect(await ask()).toBe('answer_engine_timeout');
  expect(changes).toEqual([]);
});
