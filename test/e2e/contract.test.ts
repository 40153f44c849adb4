import { describe, expect, it } from 'vitest';
import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const FIRST = 'What is machine learning?';
const FOLLOW_UP = 'Tell me more about that';
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOBODYS = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';
const NO_HISTORY = { source: 'none', turns_used: 0, turns_available: 0, tokens: 0 };

const KEPT_AS_FIRST = {
  conversation_id: expect.stringMatching(UUID_V4) as string,
  turn_id: expect.stringMatching(UUID_V7) as string,
  seq: 1,
};
const KEPT_NOWHERE = { conversation_id: null, turn_id: null, seq: null };

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };

const modes = [
  { mode: 'hybrid', kept: true, accepted: 'accepted', source: 'hot', variables: stores },
  {
    mode: 'redis',
    kept: true,
    accepted: 'accepted',
    source: 'hot',
    variables: { REDIS_URL: redis.url },
  },
  {
    mode: 'database',
    kept: true,
    accepted: 'committed',
    source: 'durable',
    variables: { DATABASE_URL: database.url },
  },
  { mode: 'client', kept: false, accepted: 'none', source: 'client', variables: {} },
] as const;

describe.each(modes)('HISTORY_MODE=$mode', async ({ mode, kept, accepted, source, variables }) => {
  const service = await startService({ HISTORY_MODE: mode, ...variables });
  const answerOf = async (body: unknown) => (await service.chat(body)).body;
  const inConversation = (id: string | null, query = FOLLOW_UP) => ({
    query,
    meta_params: { conversation_id: id },
  });

  it('answers a first message with what the papers say, and cites them', async () => {
    const { status, headers, body } = await service.chat(inConversation(null, FIRST));
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json\b/);
    expect(body).toEqual({
      answer: expect.stringContaining('[1]'),
      sources: expect.arrayContaining([expect.any(String)]),
      ...(kept ? KEPT_AS_FIRST : KEPT_NOWHERE),
      durability: accepted,
      citations: expect.any(Array),
      history: NO_HISTORY,
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
      model: 'extractive',
    });
    expect(body.citations.map(({ id }) => id)).toEqual(body.sources);
    for (const citation of body.citations) {
      expect(citation).toEqual({
        id: expect.any(String),
        title: expect.stringMatching(/./),
        url: expect.stringMatching(/^https?:/),
        snippet: expect.stringMatching(/./),
        score: expect.any(Number),
      });
    }
  });

  it('answers an incognito message and keeps nothing of it', async () => {
    const body = { query: FIRST, meta_params: { is_incognito: true } };
    const reply = await service.chat(body);
    expect(reply).toMatchObject({
      status: 200,
      body: { conversation_id: null, turn_id: null, seq: null, durability: 'none' },
    });
    expect(reply.body.answer).toMatch(/\[1\]/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('answers an incognito follow-up from the history that comes with it', async () => {
    const first = await answerOf({ query: FIRST, meta_params: { is_incognito: true } });
    const { answer, sources } = first;
    const followUp = await answerOf({
      query: FOLLOW_UP,
      meta_params: { is_incognito: true },
      history: [{ question: FIRST, answer, sources }],
    });
    expect(followUp.history).toMatchObject({ source: 'client', turns_used: 1, turns_available: 1 });
    expect(followUp.history.tokens).toBeGreaterThan(0);
    expect(followUp.answer).not.toBe(first.answer);
    expect(first.sources).toEqual(expect.arrayContaining([...followUp.sources]));
    expect(followUp.sources).not.toEqual([]);
  });

  it('refuses an incognito message that names a conversation', async () => {
    const meta_params = { is_incognito: true, conversation_id: NOBODYS };
    const problem = expectProblem(
      await service.chat({ query: FIRST, meta_params }),
      400,
      'invalid_request',
    );
    expect(problem.errors).toMatchObject([{ path: 'meta_params.conversation_id' }]);
  });

  it('gives every reply an x-request-id, the caller’s own when it has one', async () => {
    const replies = await Promise.all([
      service.request('GET', '/health/live'),
      service.request('GET', '/nowhere'),
      service.chat({ query: FIRST }),
      service.chat({}),
    ]);
    const ids = replies.map(({ headers }) => headers.get('x-request-id'));
    expect(new Set(ids).size).toBe(4);
    const named = await service.chat({ query: FIRST }, { 'x-request-id': 'trace-7.1_b' });
    expect(named.headers.get('x-request-id')).toBe('trace-7.1_b');
    const harmful = await service.chat({}, { 'x-request-id': '"} {"level":60' });
    expect(harmful.headers.get('x-request-id')).toMatch(UUID_V4);
  });

  it('says in one form that a route does not exist', async () => {
    expectProblem(await service.request('GET', '/chat/basic'), 404, 'route_not_found');
    expectProblem(await service.request('POST', '/nowhere'), 404, 'route_not_found');
  });

  if (!kept) return;

  it('begins a conversation with each message that names none', async () => {
    const [one, other] = [await answerOf({ query: FIRST }), await answerOf({ query: FIRST })];
    for (const reply of [one, other]) expect(reply).toMatchObject({ seq: 1, history: NO_HISTORY });
    expect(other.conversation_id).not.toBe(one.conversation_id);
  });

  it('answers a follow-up from the first turn', async () => {
    const first = await answerOf({ query: FIRST });
    const followUp = await answerOf(inConversation(first.conversation_id));
    expect(followUp).toMatchObject({
      conversation_id: first.conversation_id,
      seq: 2,
      durability: accepted,
      history: { source, turns_used: 1, turns_available: 1 },
    });
    expect(followUp.history.tokens).toBeGreaterThan(0);
    expect(followUp.answer).not.toBe(first.answer);
    expect(followUp.sources).not.toEqual([]);
    expect(first.sources).toEqual(expect.arrayContaining([...followUp.sources]));
    expect(followUp.turn_id! > first.turn_id!).toBe(true);
  });

  it('takes the id of a conversation in capital letters too', async () => {
    const first = await answerOf({ query: FIRST });
    const followUp = await answerOf(inConversation(first.conversation_id!.toUpperCase()));
    expect(followUp).toMatchObject({ conversation_id: first.conversation_id, seq: 2 });
  });

  it('does not know a conversation that nobody began', async () => {
    expectProblem(await service.chat(inConversation(NOBODYS)), 404, 'conversation_not_found');
    const end = await service.request('POST', `/conversations/${NOBODYS}/end`);
    expectProblem(end, 404, 'conversation_not_found');
    const noId = await service.request('POST', '/conversations/no-uuid/end');
    expectProblem(noId, 404, 'conversation_not_found');
  });

  it('does not take a history from the client', async () => {
    const body = { query: FIRST, history: [{ question: FIRST, answer: 'Something.' }] };
    const problem = expectProblem(await service.chat(body), 400, 'invalid_request');
    expect(problem.errors).toMatchObject([{ path: 'history' }]);
  });

  it('ends a conversation and says what it was', async () => {
    const { conversation_id } = await answerOf({ query: FIRST });
    await service.chat(inConversation(conversation_id));
    const path = `/conversations/${conversation_id}/end`;
    const ended = await service.request<ConversationDto>('POST', path);
    expect(ended.status).toBe(200);
    expect(ended.body).toEqual({
      conversation_id,
      title: FIRST,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      turn_count: 2,
      is_archived: false,
      metadata: null,
    });
    expect(ended.body.last_activity >= ended.body.created_at).toBe(true);
  });
});
