import { expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { metadataOf, openStream, textOf, typesOf } from '../support/event-streams.js';
import { eventually } from '../support/eventually.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const QUESTION = 'What is machine learning?';

const redis = await createRedis();
const database = await createDatabase();
const variables = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService(variables);

const ask = (body: object, headers: Record<string, string> = {}) =>
  openStream(`${service.url}/chat/stream`, { body, headers });

it('tells an answer frame by frame, and keeps the turn that it told', async () => {
  const stream = await ask({ query: QUESTION, metadata: { course: 'cs101' } });
  expect(stream.status).toBe(200);
  expect(Object.fromEntries(stream.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'x-vercel-ai-ui-message-stream': 'v1',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-request-id': expect.stringMatching(/./),
  });
  const frames = await stream.rest();
  const types = typesOf(frames);
  expect(types.slice(0, 4)).toEqual(['start', 'source-url', 'data-sources', 'text-start']);
  expect(types.slice(-3)).toEqual(['text-end', 'finish', '[DONE]']);
  const { conversation_id } = metadataOf(frames, 'start');
  await eventually(async () =>
    expect(await archivedTurns(database, conversation_id as string)).toMatchObject([
      { id: frames[0]!.chunk!['messageId'], seq: 1, question: QUESTION, answer: textOf(frames) },
    ]),
  );
});
