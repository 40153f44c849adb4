import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { everyRow, rowCounts } from '../support/archive-contents.js';
import { startChildService } from '../support/child-service.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { eventually } from '../support/eventually.js';
import { contentKeys, everythingIn, redisClient } from '../support/redis-contents.js';
import { createDatabase, createRedis } from '../support/stores.js';

const IN_QUESTION = 'canary-question-1f3a';
const IN_ANSWER = 'canary-answer-9c2b';
const IN_HISTORY = 'canary-history-77d0';
const IN_METADATA = 'canary-metadata-5e21';
const IN_KEY = 'canary-key-0b8d';
const CANARIES = [IN_QUESTION, IN_ANSWER, IN_HISTORY, IN_METADATA, IN_KEY];

const redis = await createRedis();
const database = await createDatabase();
const engine = await new LlmStub().start();
afterAll(() => engine.stop());
const client = redisClient(redis.url);
const service = await startChildService({
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  LOG_LEVEL: 'trace',
  ANSWER_ENGINE: 'openai',
  OPENAI_BASE_URL: engine.baseUrl,
  OPENAI_MODEL: 'fake',
});

async function ask(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${service.url}/chat/basic`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const turn = { question: `What is ${IN_HISTORY}?`, answer: `It is ${IN_HISTORY}.` };
const incognito = {
  query: `What is ${IN_QUESTION}?`,
  meta_params: { is_incognito: true },
  history: [turn, turn],
  metadata: { course: IN_METADATA },
};

const requestLines = () =>
  service
    .output()
    .split('\n')
    .filter((line) => line.includes('"msg":"request"')).length;

describe('an incognito turn', () => {
  let keysBefore: string[];
  let rowsBefore: Record<string, number>;

  beforeAll(async () => {
    // The first question of all brings the papers into their table.
    await ask({ query: 'What is attention?', meta_params: { is_incognito: true } });
    keysBefore = await contentKeys(client);
    rowsBefore = await rowCounts(database);
  });

  it('is answered from its own history', async () => {
    engine.next({ kind: 'text', text: `It is ${IN_ANSWER} [1].` });
    const reply = await ask(incognito, { 'idempotency-key': IN_KEY, 'user-agent': IN_KEY });
    expect(reply.status).toBe(200);
    expect(((await reply.json()) as ChatReply).answer).toContain(IN_ANSWER);
    expect(JSON.stringify(engine.requests.at(-1)!.messages)).toContain(IN_HISTORY);
  });

  it('is not answered out of what an earlier one with the same key got', async () => {
    engine.next({ kind: 'text', text: `It is ${IN_ANSWER} again [1].` });
    const reply = await ask(incognito, { 'idempotency-key': IN_KEY });
    expect(((await reply.json()) as ChatReply).answer).toContain('again');
    expect(reply.headers.get('idempotency-replayed')).toBeNull();
  });

  it('leaves nothing behind when it fails, either', async () => {
    for (const behaviour of [
      { kind: 'status', status: 400 } as const,
      { kind: 'text', text: '' } as const,
      { kind: 'raw', body: `${IN_ANSWER} is no JSON` } as const,
    ]) {
      engine.always = behaviour;
      expect((await ask(incognito)).status).toBe(502);
      engine.always = null;
    }
    expect((await ask({ ...incognito, [IN_QUESTION]: 1 })).status).toBe(400);
    expect((await ask({ ...incognito, query: `${IN_QUESTION}\0` })).status).toBe(400);
    expect((await fetch(`${service.url}/${IN_QUESTION}?q=${IN_QUESTION}`)).status).toBe(404);
  });

  it('leaves no key in Redis', async () => {
    expect(await contentKeys(client)).toEqual(keysBefore);
    const everything = await everythingIn(client);
    for (const canary of CANARIES) expect(everything).not.toContain(canary);
  });

  it('leaves no row in Postgres', async () => {
    expect(await rowCounts(database)).toEqual(rowsBefore);
    const everything = await everyRow(database);
    for (const canary of CANARIES) expect(everything).not.toContain(canary);
  });

  it('leaves one line for each request in the log, and none of its content', async () => {
    await eventually(() => expect(requestLines()).toBeGreaterThanOrEqual(8));
    for (const canary of CANARIES) expect(service.output()).not.toContain(canary);
  });
});

it('a turn that is kept leaves none of its content in the log', async () => {
  const kept = { query: `What is ${IN_QUESTION}?`, metadata: { course: IN_METADATA } };
  engine.next({ kind: 'text', text: `It is ${IN_ANSWER} [1].` });
  const reply = await ask(kept);
  expect(reply.status).toBe(200);
  const { conversation_id } = (await reply.json()) as ChatReply;
  await eventually(async () => expect(await everyRow(database)).toContain(IN_ANSWER));
  expect(await everythingIn(client)).toContain(IN_QUESTION);

  service.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  for (const secret of [...CANARIES, conversation_id]) {
    expect(service.output()).not.toContain(secret);
  }
});
