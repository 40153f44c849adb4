import { expect, it } from 'vitest';
import { metadataOf, openStream, typesOf } from '../support/event-streams.js';
import { createEngine } from '../support/faults.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { ask, says, slowly, storedAnswers, tells, wordsOf } from '../support/stream-stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const QUESTION = 'What is attention?';

const redis = await createRedis();
const database = await createDatabase();
const engine = await createEngine();
const client = redisClient(redis.url);
const variables = {
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  ...JWT_VARIABLES,
  ...engine.variables,
};
const one = await startService(variables);
const other = await startService(variables);
const [ada, bob] = [bearer(await tokenOf('ada')), bearer(await tokenOf('bob'))];

it.each([
  ['the same instance', one],
  ['another one', other],
])('shows and stops a running first answer for its owner alone, on %s', async (_, service) => {
  tells(engine, slowly(wordsOf(1000), 20));
  const { stream, conversationId } = await ask(one, QUESTION, { headers: ada });
  await stream.until(says('word3'));
  const missing = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';
  for (const id of [conversationId, missing]) {
    const path = `/chat/stream/${id}`;
    expect(await service.request('GET', path, { headers: bob })).toMatchObject({ status: 404 });
    const body = { conversation_id: id };
    const stopped = await service.request('POST', '/chat/stop', { headers: bob, body });
    expect(stopped.status).toBe(404);
  }
  expect((await service.request('GET', `/chat/stream/${conversationId}`)).status).toBe(401);
  const resumed = await openStream(`${service.url}/chat/stream/${conversationId}`, {
    method: 'GET',
    headers: ada,
  });
  await resumed.until(says('word4'));
  const body = { conversation_id: conversationId };
  const stopped = await service.request('POST', '/chat/stop', { headers: ada, body });
  expect(stopped.status).toBe(204);
  expect(typesOf(await resumed.rest()).slice(-2)).toEqual(['abort', '[DONE]']);
  expect(await stream.rest()).toEqual(resumed.frames);
});

it('keeps nothing of a first answer whose owner erases everything meanwhile', async () => {
  tells(engine, slowly(wordsOf(30), 30));
  const { stream, conversationId } = await ask(one, QUESTION, { headers: ada });
  await stream.until(says('word3'));
  const erased = await other.request('DELETE', '/me/data', { headers: ada });
  expect(erased.status).toBe(200);
  const frames = await stream.rest();
  expect(metadataOf(frames, 'message-metadata')).toEqual({ error: 'conversation_not_found' });
  expect(await storedAnswers(database, conversationId)).toEqual([]);
  const keys = (await contentKeys(client)).filter((key) => key.includes(conversationId));
  expect(keys.filter((key) => !key.endsWith(':meta'))).toEqual([]);
});

it('counts streamed turns with all others of a user', async () => {
  const limited = await startService({ ...variables, CHAT_RATE_LIMIT: '2' });
  expect((await limited.chat({ query: QUESTION }, bob)).status).toBe(200);
  const { stream } = await ask(limited, QUESTION, { headers: bob });
  expect(stream.headers.get('ratelimit')).toMatch(/r=0/);
  const refused = await openStream(`${limited.url}/chat/stream`, {
    body: { query: QUESTION },
    headers: bob,
  });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
});
