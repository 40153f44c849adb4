import { describe, expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const redis = await createRedis();
const database = await createDatabase();
const client = redisClient(redis.url);
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
// The schedule would otherwise come in between: what a test waits for is done by its own doing.
const sweepAlone = {
  ...stores,
  AUTO_SYNC_TO_DB: 'false',
  SYNC_INTERVAL: '43200',
  ADMIN_TOKEN,
};

describe('without AUTO_SYNC_TO_DB', () => {
  it('brings a turn to Postgres by the sweep alone, every SYNC_INTERVAL', async () => {
    const service = await startService({ ...sweepAlone, SYNC_INTERVAL: '2' });
    const first = await begin(service);
    const second = await goOn(service, first.conversation_id);
    await eventually(async () => {
      const ids = (await archivedTurns(database, first.conversation_id)).map(({ id }) => id);
      expect(ids).toEqual([first.turn_id, second.turn_id]);
    });
    await eventually(async () => {
      const { body } = await service.request<object>('GET', '/health/sessions');
      expect(body).toMatchObject({ dirty_conversations: 0, last_sweep: { failed: 0 } });
    });
    await service.stop();
  });

  it('commits a turn at once for a caller who asks for it', async () => {
    const service = await startService(sweepAlone);
    const { conversation_id } = await begin(service);
    const second = await goOn(service, conversation_id, 'Who?', { durability: 'committed' });
    expect(await archivedTurns(database, conversation_id)).toMatchObject([
      { seq: 1 },
      { seq: 2, id: second.turn_id },
    ]);
    await service.stop();
  });

  it('comes to an end, and mends it, where a session is marked dirty for nothing', async () => {
    const service = await startService(sweepAlone);
    // The one that follows the start must not be what the next ones join.
    await sweepNow(service);
    const { conversation_id } = await begin(service);
    await sweepNow(service);
    const { dirty } = conversationKeys(conversation_id);
    await client.zadd(dirty, 1, conversation_id);
    expect(await sweepNow(service)).toMatchObject({ status: 200, body: { turns: 0, failed: 0 } });
    expect(await client.zscore(dirty, conversation_id)).toBeNull();
    await service.stop();
  });

  it('saves what is left when the service is stopped', async () => {
    const service = await startService(sweepAlone);
    await sweepNow(service);
    const begun = await Promise.all(Array.from({ length: 20 }, () => begin(service)));
    for (const { conversation_id } of begun) {
      expect(await archivedTurns(database, conversation_id)).toEqual([]);
    }
    await service.stop();
    for (const { conversation_id, turn_id } of begun) {
      expect(await archivedTurns(database, conversation_id)).toMatchObject([{ id: turn_id }]);
      const { dirty, lease } = conversationKeys(conversation_id);
      expect(await client.zcard(dirty)).toBe(0);
      expect(await client.exists(lease)).toBe(0);
    }
  });
});

describe('POST /admin/sync', async () => {
  const service = await startService(sweepAlone);
  const sync = (authorization?: string) =>
    service.request<object>('POST', '/admin/sync', {
      ...(authorization !== undefined && { headers: { authorization } }),
    });

  it('sweeps now and says what it did', async () => {
    await sweepNow(service);
    const first = await begin(service);
    await goOn(service, first.conversation_id);
    const other = await begin(service);
    const { status, body } = await sweepNow(service);
    expect(status).toBe(200);
    expect(body).toEqual({
      conversations: 2,
      turns: 3,
      failed: 0,
      dead_letters: 0,
      duration_ms: expect.any(Number),
    });
    expect(await archivedTurns(database, first.conversation_id)).toHaveLength(2);
    expect(await archivedTurns(database, other.conversation_id)).toHaveLength(1);
    expect((await sweepNow(service)).body).toMatchObject({
      conversations: 0,
      turns: 0,
    });
  });

  it('is not for those without the token', async () => {
    expectProblem(await sync(), 401, 'unauthenticated');
    for (const wrong of ['', 'Bearer', 'Bearer ', 'Bearer wrong', `Basic ${ADMIN_TOKEN}`]) {
      expectProblem(await sync(wrong), 401, 'unauthenticated');
    }
    expectProblem(await sync(`Bearer ${ADMIN_TOKEN}x`), 401, 'unauthenticated');
    expectProblem(await sync(`Bearer ${ADMIN_TOKEN.slice(0, -1)}`), 401, 'unauthenticated');
  });

  it('is for nobody where no token is set', async () => {
    const open = await startService({ ...sweepAlone, ADMIN_TOKEN: '' });
    for (const headers of [{}, { authorization: 'Bearer undefined' }]) {
      expectProblem(await open.request('POST', '/admin/sync', { headers }), 403, 'forbidden');
    }
    await open.stop();
  });

  it.each([
    ['database', { DATABASE_URL: database.url }],
    ['redis', { REDIS_URL: redis.url }],
    ['client', {}],
  ])('has nothing to sweep in HISTORY_MODE=%s', async (HISTORY_MODE, variables) => {
    const other = await startService({ HISTORY_MODE, ADMIN_TOKEN, ...variables });
    expectProblem(await sweepNow(other), 409, 'not_in_this_mode');
    await other.stop();
  });
});
