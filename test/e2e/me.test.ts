import { describe, expect, it } from 'vitest';
import { rowCounts } from '../support/archive-contents.js';
import { conversationsOf, takeAll } from '../support/export.js';
import { expectProblem } from '../support/problem.js';
import { contentKeys, everythingIn, redisClient } from '../support/redis-contents.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const redis = await createRedis();
const client = redisClient(redis.url);
const database = await createDatabase();
const both = { REDIS_URL: redis.url, DATABASE_URL: database.url };

const asUser = async (sub: string) => bearer(await tokenOf(sub));
const ada = await asUser('ada');
const bob = await asUser('bob');

/** A conversation of two turns; gives its id. */
async function talk(
  service: Service,
  headers: Record<string, string>,
  more: Record<string, string> = {},
): Promise<string> {
  const first = await service.chat(
    { query: 'What is attention?', metadata: { course: 'cs101' } },
    { ...headers, ...more },
  );
  const conversation_id = first.body.conversation_id!;
  const second = await service.chat(
    { query: 'Tell me more about that', meta_params: { conversation_id } },
    headers,
  );
  expect([first.status, second.status]).toEqual([200, 200]);
  return conversation_id;
}

const eraseAll = (service: Service, headers: Record<string, string>) =>
  service.request<object>('DELETE', '/me/data', { headers });
const NOTHING = {
  conversations: 0,
  turns: 0,
  sessions: 0,
  erased_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
};

const keeping = [
  { mode: 'hybrid', durability: 'committed', sessions: 3, variables: both },
  { mode: 'database', durability: 'committed', sessions: 0, variables: both },
] as const;

describe.each(keeping)('HISTORY_MODE=$mode', async ({ mode, durability, sessions, variables }) => {
  const service = await startService({ HISTORY_MODE: mode, ...variables, ...JWT_VARIABLES });
  const open = await startService({ HISTORY_MODE: mode, ...variables });

  it('gives a user everything of theirs and nothing of anybody else', async () => {
    const gus = await asUser(`gus in ${mode}`);
    const ids = [await talk(service, gus), await talk(service, gus)];
    const foreign = await talk(service, bob);
    const reply = await service.request<string>('GET', '/me/export', { headers: gus });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^application\/x-ndjson\b/);
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment\b/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).not.toContain(foreign);

    const conversations = conversationsOf(reply.body);
    expect(conversations.map((each) => each.conversation_id).toSorted()).toEqual(ids.toSorted());
    const { turns, ...conversation } = conversations[0]!;
    expect(conversation).toEqual({
      type: 'conversation',
      conversation_id: expect.any(String),
      title: 'What is attention?',
      created_at: expect.stringMatching(/Z$/),
      last_activity: expect.stringMatching(/Z$/),
      turn_count: 2,
      is_archived: false,
      metadata: null,
    });
    expect(turns.map(({ seq, question }) => [seq, question])).toEqual([
      [1, 'What is attention?'],
      [2, 'Tell me more about that'],
    ]);
    expect(turns[0]).toEqual({
      type: 'turn',
      conversation_id: conversation.conversation_id,
      id: expect.any(String),
      seq: 1,
      question: 'What is attention?',
      answer: expect.stringContaining('[1]'),
      sources: expect.arrayContaining([expect.any(String)]),
      status: 'complete',
      created_at: expect.stringMatching(/Z$/),
      model: 'extractive',
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
      latency_ms: expect.any(Number),
      metadata: { course: 'cs101' },
      durability,
    });
  });

  it('erases everything of a user for good, and says how much that was', async () => {
    const cleo = await asUser('cleo');
    const before = await rowCounts(database);
    const ids = [];
    for (const key of ['one', 'two', 'three']) {
      ids.push(await talk(service, cleo, { 'idempotency-key': `${key}-${mode}` }));
    }
    const kept = await talk(service, bob);
    const reply = await eraseAll(service, cleo);
    expect(reply.body).toEqual({ ...NOTHING, conversations: 3, turns: 6, sessions });
    expect(reply.status).toBe(200);
    for (const conversation_id of ids) {
      const again = { query: 'Still there?', meta_params: { conversation_id } };
      expectProblem(await service.chat(again, cleo), 404, 'conversation_not_found');
    }
    expect(await takeAll(service, cleo)).toEqual([]);
    expect((await eraseAll(service, cleo)).body).toEqual(NOTHING);

    const { conversation_sessions, conversation_messages, idempotency_claims } =
      await rowCounts(database);
    // Tombstones, and what the other user has.
    expect(conversation_sessions).toBe(before['conversation_sessions']! + 4);
    expect(conversation_messages).toBe(before['conversation_messages']! + 2);
    expect(idempotency_claims).toBe(before['idempotency_claims']);
    expect(
      await database.query(`select from conversation_sessions where user_id = 'cleo'`),
    ).toEqual([]);
    expect((await contentKeys(client)).filter((key) => key.includes(':idem:'))).toEqual([]);
    expect(await everythingIn(client)).not.toContain('cleo');
    const of = (await takeAll(service, bob)).map((each) => each.conversation_id);
    expect(of).toContain(kept);
  });

  it('begins anew for a user who has erased everything', async () => {
    const dora = await asUser('dora');
    await talk(service, dora);
    await eraseAll(service, dora);
    const id = await talk(service, dora);
    expect(await takeAll(service, dora)).toMatchObject([{ conversation_id: id, turn_count: 2 }]);
  });

  it('has nothing to give or erase for callers without identity', async () => {
    for (const [method, path] of [
      ['GET', '/me/export'],
      ['DELETE', '/me/data'],
    ] as const) {
      expectProblem(await open.request(method, path), 403, 'forbidden');
    }
  });
});

describe('HISTORY_MODE=redis', async () => {
  const alone = await startService({
    HISTORY_MODE: 'redis',
    REDIS_URL: redis.url,
    ...JWT_VARIABLES,
  });
  const withArchive = await startService({ HISTORY_MODE: 'redis', ...both, ...JWT_VARIABLES });
  const open = await startService({ HISTORY_MODE: 'redis', REDIS_URL: redis.url });

  it('cannot export, whoever asks', async () => {
    for (const [service, headers] of [
      [alone, ada],
      [withArchive, ada],
      [open, {}],
    ] as const) {
      const reply = await service.request('GET', '/me/export', { headers });
      expectProblem(reply, 409, 'not_in_this_mode');
    }
    expectProblem(await alone.request('GET', '/me/export'), 401, 'unauthenticated');
    expectProblem(await open.request('DELETE', '/me/data'), 403, 'forbidden');
  });

  it('erases what Redis has', async () => {
    const emil = await asUser('emil');
    const id = await talk(alone, emil, { 'idempotency-key': 'one' });
    await talk(alone, emil);
    const kept = await talk(alone, bob);
    const erased = await eraseAll(alone, emil);
    expect(erased.body).toEqual({ ...NOTHING, conversations: 2, turns: 4, sessions: 2 });
    const again = { query: 'Still there?', meta_params: { conversation_id: id } };
    expectProblem(await alone.chat(again, emil), 404, 'conversation_not_found');
    expect(await everythingIn(client)).not.toContain('emil');
    expect((await contentKeys(client)).filter((key) => key.includes(':idem:'))).toEqual([]);
    const other = { query: 'Still there?', meta_params: { conversation_id: kept } };
    expect((await alone.chat(other, bob)).status).toBe(200);
    expect((await eraseAll(alone, emil)).body).toEqual(NOTHING);
  });

  it('erases what was archived at its end too', async () => {
    const fay = await asUser('fay');
    const ended = await talk(withArchive, fay, { 'idempotency-key': 'one' });
    const path = `/conversations/${ended}/end`;
    expect((await withArchive.request('POST', path, { headers: fay })).status).toBe(200);
    await talk(withArchive, fay);
    const erased = await eraseAll(withArchive, fay);
    expect(erased.body).toEqual({ ...NOTHING, conversations: 2, turns: 4, sessions: 1 });
    const of = 'select from conversation_messages where conversation_id = $1';
    expect(await database.query(of, [ended])).toEqual([]);
    expect((await eraseAll(withArchive, fay)).body).toEqual(NOTHING);
    expectProblem(
      await withArchive.request('POST', path, { headers: fay }),
      404,
      'conversation_not_found',
    );
  });
});

describe('HISTORY_MODE=client', async () => {
  const service = await startService({ HISTORY_MODE: 'client', ...JWT_VARIABLES });
  const open = await startService({ HISTORY_MODE: 'client' });

  it.each([
    ['GET', '/me/export'],
    ['DELETE', '/me/data'],
  ])('keeps nothing that could be asked for by %s %s', async (method, path) => {
    const headers = ada;
    expectProblem(await service.request(method, path, { headers }), 409, 'not_in_this_mode');
    expectProblem(await open.request(method, path), 409, 'not_in_this_mode');
    expectProblem(await service.request(method, path), 401, 'unauthenticated');
  });
});
