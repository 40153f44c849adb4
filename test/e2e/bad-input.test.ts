import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rowCounts } from '../support/archive-contents.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { expectProblem } from '../support/problem.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

// Stands in every bad text, and in no reply.
const CANARY = 'canary-4711';
const QUERY = `What is attention? ${CANARY}`;
const CONVERSATION = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';
const TURN = { question: CANARY, answer: CANARY, sources: ['vaswani-2017'] };
const MAX_BODY_BYTES = 256 * 1024;

const redis = await createRedis();
const database = await createDatabase();
const engine = await new LlmStub().start();
afterAll(() => engine.stop());
const service = await startService({
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  ANSWER_ENGINE: 'openai',
  OPENAI_BASE_URL: engine.baseUrl,
  OPENAI_MODEL: 'fake',
});
const client = redisClient(redis.url);

let rowsBefore: Record<string, number>;
beforeEach(async () => {
  engine.reset();
  rowsBefore = await rowCounts(database);
});

/** The engine was not asked, and neither store has anything that it did not have before. */
async function expectNothingDone(): Promise<void> {
  expect(engine.requests).toEqual([]);
  expect(await contentKeys(client)).toEqual([]);
  expect(await rowCounts(database)).toEqual(rowsBefore);
}

const meta = (params: object) => ({ query: QUERY, meta_params: params });
const incognito = (history: unknown) => ({
  query: QUERY,
  meta_params: { is_incognito: true },
  history,
});
const nested = (levels: number): object => (levels === 0 ? {} : { in: nested(levels - 1) });
const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, index]));
// Written as JSON escapes, as these characters have no UTF-8 of their own.
const escaped = (query: string) => `{"query":"${CANARY}${query}"}`;

const bodies: [what: string, body: unknown, path: string][] = [
  ['an empty query', { query: '' }, 'query'],
  ['a blank query', { query: ' \n\t\u00a0' }, 'query'],
  ['a query of 8,001 characters', { query: CANARY.padEnd(8001, 'x') }, 'query'],
  ['a query of 8,001 astral characters', { query: '𝒳'.repeat(8001) }, 'query'],
  ['a NUL in the query', escaped('\\u0000'), 'query'],
  ['a lone high surrogate in the query', escaped('\\ud83d'), 'query'],
  ['a lone low surrogate in the query', escaped('\\ude00 and more'), 'query'],
  ['no query', { meta_params: {} }, 'query'],
  ['a query that is null', { query: null }, 'query'],
  ['a query that is a number', { query: 4711 }, 'query'],
  ['a query that is a list', { query: [QUERY] }, 'query'],
  ['a query that is an object', { query: { text: QUERY } }, 'query'],
  ['an unknown field', { query: QUERY, user_id: CANARY }, 'user_id'],
  ['an unknown field in meta_params', meta({ user_id: CANARY }), 'meta_params.user_id'],
  ['an unknown field in a turn', incognito([{ ...TURN, id: CANARY }]), 'history.0.id'],
  ['meta_params that are a text', { query: QUERY, meta_params: CANARY }, 'meta_params'],
  ['meta_params that are a list', { query: QUERY, meta_params: [CANARY] }, 'meta_params'],
  ['is_incognito as a text', meta({ is_incognito: 'true' }), 'meta_params.is_incognito'],
  ['is_incognito as a number', meta({ is_incognito: 1 }), 'meta_params.is_incognito'],
  ['an id that is no UUID', meta({ conversation_id: CANARY }), 'meta_params.conversation_id'],
  ['an empty id', meta({ conversation_id: '' }), 'meta_params.conversation_id'],
  [
    'an id with a tail',
    meta({ conversation_id: `${CONVERSATION}\n` }),
    'meta_params.conversation_id',
  ],
  ['an id that is a number', meta({ conversation_id: 4711 }), 'meta_params.conversation_id'],
  ['ids in a list', meta({ conversation_id: [CONVERSATION] }), 'meta_params.conversation_id'],
  [
    'incognito with a conversation',
    meta({ is_incognito: true, conversation_id: CONVERSATION }),
    'meta_params.conversation_id',
  ],
  ['an unknown durability', meta({ durability: CANARY }), 'meta_params.durability'],
  ['durability none', meta({ durability: 'none' }), 'meta_params.durability'],
  ['durability in a list', meta({ durability: ['committed'] }), 'meta_params.durability'],
  ['a history without incognito', { query: QUERY, history: [TURN] }, 'history'],
  ['an empty history without incognito', { query: QUERY, history: [] }, 'history'],
  ['a history of 51 turns', incognito(Array.from({ length: 51 }, () => TURN)), 'history'],
  ['a history that is an object', incognito(TURN), 'history'],
  ['a history of texts', incognito([CANARY]), 'history'],
  ['a history with null', incognito([null]), 'history'],
  ['a history of lists', incognito([[TURN]]), 'history'],
  ['a turn without an answer', incognito([{ question: CANARY }]), 'history.0.answer'],
  [
    'a turn whose question is a number',
    incognito([{ ...TURN, question: 1 }]),
    'history.0.question',
  ],
  ['sources that are a text', incognito([{ ...TURN, sources: CANARY }]), 'history.0.sources'],
  ['sources that are numbers', incognito([{ ...TURN, sources: [1] }]), 'history.0.sources'],
  ['a NUL in a source', incognito([{ ...TURN, sources: ['\0'] }]), 'history.0.sources'],
  ['metadata that is a list', { query: QUERY, metadata: [CANARY] }, 'metadata'],
  ['metadata that is a text', { query: QUERY, metadata: CANARY }, 'metadata'],
  ['metadata of 17 keys', { query: QUERY, metadata: keys(17) }, 'metadata'],
  ['metadata over 4 KiB', { query: QUERY, metadata: { a: CANARY.padEnd(4096) } }, 'metadata'],
  ['metadata over 4 KiB in UTF-8', { query: QUERY, metadata: { a: 'é'.repeat(2048) } }, 'metadata'],
  ['metadata nested too deep', { query: QUERY, metadata: nested(9) }, 'metadata'],
  ['a NUL in a key of metadata', { query: QUERY, metadata: { [`${CANARY}\0`]: 1 } }, 'metadata'],
  ['a NUL deep in metadata', { query: QUERY, metadata: { a: [{ b: '\0' }] } }, 'metadata'],
  ['a lone surrogate in metadata', `{"query":"${QUERY}","metadata":{"a":"\\ud83d"}}`, 'metadata'],
];

const noObjects: [what: string, body: string][] = [
  ['JSON that breaks off', `{"query":"${QUERY}"`],
  ['no JSON', QUERY],
  ['JSON with a comma too many', `{"query":"${QUERY}",}`],
  ['JSON with two values', `{"query":"${QUERY}"} {}`],
  ['a list', `[{"query":"${QUERY}"}]`],
  ['an empty list', '[]'],
  ['a text', `"${QUERY}"`],
  ['a number', '4711'],
  ['true', 'true'],
  ['null', 'null'],
  ['an empty body', ''],
  ['a __proto__', `{"query":"${QUERY}","__proto__":{"is_admin":true}}`],
  ['a __proto__ in meta_params', `{"query":"${QUERY}","meta_params":{"__proto__":{}}}`],
  ['a __proto__ in metadata', `{"query":"${QUERY}","metadata":{"__proto__":{"a":1}}}`],
  ['a constructor', `{"query":"${QUERY}","constructor":{"prototype":{"a":1}}}`],
];

describe('a turn with bad input', () => {
  afterEach(expectNothingDone);

  it.each(bodies)('is refused for %s, naming the field', async (_, body, path) => {
    const reply = await service.chat<unknown>(body);
    const problem = expectProblem(reply, 400, 'invalid_request');
    const paths = problem.errors!.map((error) => error.path);
    expect(paths).toContainEqual(expect.stringMatching(new RegExp(`^${path}\\b`)));
    expect(JSON.stringify(reply.body)).not.toContain(CANARY);
  });

  it.each(noObjects)('is refused for a body that is %s', async (_, body) => {
    const reply = await service.chat<unknown>(body);
    expectProblem(reply, 400, 'invalid_request');
    expect(JSON.stringify(reply.body)).not.toContain(CANARY);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense', ''])(
    'is refused for the content type "%s"',
    async (type) => {
      const headers = { 'content-type': type };
      const reply = await service.chat<unknown>(JSON.stringify({ query: QUERY }), headers);
      expectProblem(reply, 400, 'invalid_request');
    },
  );

  it('is refused without a body', async () => {
    expectProblem(await service.request('POST', '/chat/basic'), 400, 'invalid_request');
  });

  it('is refused for a body over 256 KiB', async () => {
    const body = JSON.stringify({ query: QUERY }).padEnd(MAX_BODY_BYTES + 1);
    expectProblem(await service.chat(body), 413, 'payload_too_large');
  });

  it('is refused for a long field name without repeating it', async () => {
    const reply = await service.chat<unknown>({ query: QUERY, ['x'.repeat(100_000)]: 1 });
    expectProblem(reply, 400, 'invalid_request');
    expect(JSON.stringify(reply.body).length).toBeLessThan(1000);
  });
});

describe('a turn at the edge of what is allowed', () => {
  it('may have 8,000 astral characters', async () => {
    expect((await service.chat({ query: '𝒳'.repeat(8000) })).status).toBe(200);
    expect(engine.requests).toHaveLength(1);
  });

  it('may have 50 turns of history', async () => {
    const history = Array.from({ length: 50 }, () => TURN);
    const { body } = await service.chat(incognito(history));
    expect(body.history).toMatchObject({ turns_available: 50 });
  });

  it('may have 16 keys and 4 KiB of metadata', async () => {
    const sixteen = { ...keys(15), last: '' };
    const room = 4096 - JSON.stringify(sixteen).length;
    const metadata = { ...sixteen, last: 'x'.repeat(room) };
    expect(Buffer.byteLength(JSON.stringify(metadata))).toBe(4096);
    expect((await service.chat({ query: QUERY, metadata })).status).toBe(200);
  });

  it('may have a body of exactly 256 KiB', async () => {
    const body = JSON.stringify({ query: QUERY }).padEnd(MAX_BODY_BYTES);
    expect((await service.chat(body)).status).toBe(200);
  });

  it('may leave optional fields null', async () => {
    const nulls = { conversation_id: null, is_incognito: null, durability: null };
    const body = { query: QUERY, meta_params: nulls, history: null, metadata: null };
    expect((await service.chat(body)).status).toBe(200);
    expect((await service.chat({ query: QUERY, meta_params: null })).status).toBe(200);
  });
});
