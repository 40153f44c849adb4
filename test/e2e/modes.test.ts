import { describe, expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { expectProblem } from '../support/problem.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const FIRST = 'What is machine learning?';
const FOLLOW_UP = 'Tell me more about that';

const redis = await createRedis();
const database = await createDatabase();
const both = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const committed = { query: FIRST, meta_params: { durability: 'committed' } };
const accepted = { query: FIRST, meta_params: { durability: 'accepted' } };

describe('HISTORY_MODE=hybrid', async () => {
  const service = await startService({ HISTORY_MODE: 'hybrid', ...both });

  it('accepts a turn with Redis, and commits it with Postgres when asked to', async () => {
    expect((await service.chat(accepted)).body.durability).toBe('accepted');
    const { body } = await service.chat(committed);
    expect(body).toMatchObject({ durability: 'committed', seq: 1 });
    expect(await archivedTurns(database, body.conversation_id!)).toHaveLength(1);
  });

  it('goes on with a conversation that was ended', async () => {
    const { body: first } = await service.chat(accepted);
    const path = `/conversations/${first.conversation_id}/end`;
    expect((await service.request('POST', path)).status).toBe(200);
    const meta_params = { conversation_id: first.conversation_id };
    const { body } = await service.chat({ query: FOLLOW_UP, meta_params });
    expect(body).toMatchObject({ seq: 2, history: { source: 'durable', turns_used: 1 } });
  });
});

describe('HISTORY_MODE=database', async () => {
  const service = await startService({ HISTORY_MODE: 'database', DATABASE_URL: database.url });

  it.each([accepted, committed])('has committed every turn before its reply', async (request) => {
    const { body } = await service.chat(request);
    expect(body.durability).toBe('committed');
    expect(await archivedTurns(database, body.conversation_id!)).toMatchObject([
      { id: body.turn_id, seq: 1, question: FIRST, answer: body.answer },
    ]);
  });
});

describe('HISTORY_MODE=redis', async () => {
  const alone = await startService({ HISTORY_MODE: 'redis', REDIS_URL: redis.url });
  const withArchive = await startService({ HISTORY_MODE: 'redis', ...both });
  const client = redisClient(redis.url);

  it.each([alone, withArchive])('refuses to promise a commit', async (service) => {
    const problem = expectProblem(await service.chat(committed), 400, 'invalid_request');
    expect(problem.errors).toMatchObject([{ path: 'meta_params.durability' }]);
  });

  it('forgets a conversation that is ended where no database is named', async () => {
    const { body } = await alone.chat(accepted);
    const path = `/conversations/${body.conversation_id}/end`;
    expect((await alone.request('POST', path)).status).toBe(200);
    expect((await contentKeys(client)).join()).not.toContain(body.conversation_id);
    expectProblem(await alone.request('POST', path), 404, 'conversation_not_found');
  });

  it('archives a conversation that is ended where a database is named', async () => {
    const { body: first } = await withArchive.chat({ ...accepted, metadata: { course: 'cs101' } });
    const meta_params = { conversation_id: first.conversation_id };
    const { body: second } = await withArchive.chat({ query: FOLLOW_UP, meta_params });
    expect(await archivedTurns(database, first.conversation_id!)).toEqual([]);

    const ended = await withArchive.request('POST', `/conversations/${first.conversation_id}/end`);
    expect(ended).toMatchObject({ status: 200, body: { turn_count: 2 } });
    expect(await archivedTurns(database, first.conversation_id!)).toEqual([
      { id: first.turn_id, seq: 1, question: FIRST, answer: first.answer },
      { id: second.turn_id, seq: 2, question: FOLLOW_UP, answer: second.answer },
    ]);
    expect((await contentKeys(client)).join()).not.toContain(first.conversation_id);
  });

  it('archives what the user says of a conversation along with it', async () => {
    const { body } = await withArchive.chat(accepted);
    const path = `/conversations/${body.conversation_id}`;
    const said = { title: 'For the exam', metadata: { course: 'cs101' }, is_archived: true };
    await withArchive.request('PATCH', path, { body: said });
    const ended = await withArchive.request('POST', `${path}/end`);
    expect(ended).toMatchObject({ status: 200, body: said });
    const rows = await database.query(
      'select title, metadata, is_archived from conversation_sessions where conversation_id = $1',
      [body.conversation_id],
    );
    expect(rows).toEqual([said]);
  });

  it('keeps every session under a TTL, as nothing stands behind it', async () => {
    const { body } = await alone.chat(accepted);
    const keys = (await contentKeys(client)).filter((key) => key.includes(body.conversation_id!));
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(await client.ttl(key)).toBeGreaterThan(0);
  });
});

describe('HISTORY_MODE=client', async () => {
  const service = await startService({ HISTORY_MODE: 'client' });

  it('takes the history from the client and keeps no turn', async () => {
    const history = [{ question: FIRST, answer: 'It learns.', sources: ['jordan-2015'] }];
    const reply = await service.chat({ query: FOLLOW_UP, history });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        conversation_id: null,
        turn_id: null,
        seq: null,
        durability: 'none',
        sources: ['jordan-2015'],
        history: { source: 'client', turns_used: 1, turns_available: 1 },
      },
    });
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('refuses the id of a conversation, as it keeps none', async () => {
    const conversation_id = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';
    const reply = await service.chat({ query: FIRST, meta_params: { conversation_id } });
    const problem = expectProblem(reply, 400, 'invalid_request');
    expect(problem.errors).toMatchObject([{ path: 'meta_params.conversation_id' }]);
  });

  it.each(['5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11', 'no-uuid'])(
    'has no conversation to end: %s',
    async (id) => {
      const reply = await service.request('POST', `/conversations/${id}/end`);
      expectProblem(reply, 409, 'not_in_this_mode');
    },
  );
});
