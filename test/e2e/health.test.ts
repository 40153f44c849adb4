import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { askHealth, type HealthPath } from '../support/health.js';
import { expectProblem } from '../support/problem.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createPostgres, createRedis } from '../support/stores.js';

// Terminus's reply: the figures beside each state are words for people, and no part of the contract.
const health = (status: string, redis: string, database: string, sync: string) => {
  const details = {
    redis: { status: redis },
    database: { status: database },
    sync: { status: sync },
  };
  return { status, details };
};

interface SessionHealth {
  readonly status: string;
}

const read = (service: Service, path: HealthPath) => askHealth<SessionHealth>(service, path);

function expectNoSecrets(body: unknown, urls: readonly string[]) {
  const text = JSON.stringify(body);
  for (const url of urls.map((each) => new URL(each))) {
    for (const secret of [url.host, url.hostname, url.port, url.password || url.host]) {
      expect(text).not.toContain(secret);
    }
  }
  expect(text).not.toMatch(/ECONN|refused|terminat|ioredis|\d+\.\d+\.\d+/i);
}

describe('with both stores', async () => {
  const redis = await createRedis();
  const database = await createDatabase();
  const service = await startService({
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    AUTO_SYNC_TO_DB: 'false',
    SYNC_INTERVAL: '43200',
    ADMIN_TOKEN,
  });

  it('says that it lives, and is ready for turns', async () => {
    expect(await read(service, '/health/live')).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    expect((await read(service, '/health/ready')).status).toBe(200);
  });

  it('says that Redis, Postgres and the sync are well', async () => {
    // The sweep that follows a start may not get through on a machine that is slow.
    expect((await sweepNow(service)).status).toBe(200);
    const reply = await read(service, '/health');
    expect(reply).toMatchObject({ status: 200, body: health('ok', 'up', 'up', 'up') });
    expectNoSecrets(reply.body, [redis.url, database.url]);
  });

  it('says how the hot tier is doing, and what the last sweep did', async () => {
    await sweepNow(service);
    expect((await read(service, '/health/sessions')).body).toEqual({
      status: 'healthy',
      redis_healthy: true,
      database_healthy: true,
      active_sessions: 0,
      dirty_conversations: 0,
      oldest_unsynced_seconds: 0,
      last_sweep: { at: expect.any(String), conversations: 0, turns: 0, failed: 0 },
    });
    const { conversation_id } = await begin(service);
    await goOn(service, conversation_id);
    await begin(service);
    await eventually(async () => {
      const { body } = await read(service, '/health/sessions');
      expect(body).toMatchObject({ active_sessions: 2, dirty_conversations: 2 });
    });
    await sweepNow(service);
    await eventually(async () => {
      const { body } = await read(service, '/health/sessions');
      expect(body).toEqual({
        status: 'healthy',
        redis_healthy: true,
        database_healthy: true,
        active_sessions: 2,
        dirty_conversations: 0,
        oldest_unsynced_seconds: 0,
        last_sweep: {
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          conversations: 2,
          turns: 3,
          failed: 0,
        },
      });
    });
  });

  it('is kept by nobody on the way', async () => {
    for (const path of ['/health', '/health/live', '/health/ready', '/health/sessions']) {
      const { headers } = await service.request('GET', path);
      expect(headers.get('cache-control')).toMatch(/no-store|no-cache/);
    }
  });
});

describe('with broken stores', async () => {
  const redis = await createRedis();
  const postgres = await createPostgres();
  const service = await startService({ REDIS_URL: redis.url, DATABASE_URL: postgres.url });
  const urls = [redis.url, postgres.url];

  it('is degraded, and takes turns, without Redis; and takes none without both', async () => {
    redis.kill('SIGKILL');
    await eventually(async () => {
      const reply = await read(service, '/health');
      expect(reply).toMatchObject({ status: 200, body: { status: 'degraded' } });
      expect(reply.body).toMatchObject({ details: { database: { status: 'up' } } });
      expectNoSecrets(reply.body, urls);
    });
    expect((await read(service, '/health/ready')).status).toBe(200);
    expect((await read(service, '/health/live')).status).toBe(200);
    expect((await read(service, '/health/sessions')).body).toMatchObject({
      status: 'degraded',
      redis_healthy: false,
      database_healthy: true,
    });
    expect((await begin(service)).durability).toBe('committed');

    postgres.kill('SIGKILL');
    await eventually(async () => {
      // Whoever asks first after the crash finds out.
      expectProblem(
        await service.chat({ query: 'What is attention?' }),
        503,
        'storage_unavailable',
      );
      expect((await read(service, '/health')).status).toBe(503);
    });
    const reply = await read(service, '/health');
    expect(reply.body).toMatchObject({ status: 'error' });
    expectNoSecrets(reply.body, urls);
    expectProblem(await read(service, '/health/ready'), 503, 'storage_unavailable');
    expect((await read(service, '/health/live')).status).toBe(200);
    expect(await read(service, '/health/sessions')).toMatchObject({
      status: 200,
      body: { status: 'degraded', redis_healthy: false, database_healthy: false },
    });
    const refused = await service.chat({ query: 'What is attention?' });
    expectProblem(refused, 503, 'storage_unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('without Postgres', async () => {
  const redis = await createRedis();
  const postgres = await createPostgres();
  const service = await startService({ REDIS_URL: redis.url, DATABASE_URL: postgres.url });

  it('is degraded, takes turns, and promises no commit', async () => {
    expect((await begin(service)).durability).toBe('accepted');
    postgres.kill('SIGKILL');
    const committed = { query: 'What is attention?', meta_params: { durability: 'committed' } };
    await eventually(async () => {
      expectProblem(await service.chat(committed), 503, 'storage_unavailable');
      const { status, body } = await read(service, '/health');
      expect({ status, body }).toMatchObject({ status: 200, body: { status: 'degraded' } });
      expect(body).toMatchObject({ details: { redis: { status: 'up' } } });
    });
    expect((await read(service, '/health/ready')).status).toBe(200);
    const first = await begin(service);
    expect(first.durability).toBe('accepted');
    expect(await goOn(service, first.conversation_id)).toMatchObject({ seq: 2 });
    expect((await read(service, '/health/sessions')).body).toMatchObject({
      status: 'degraded',
      redis_healthy: true,
      database_healthy: false,
    });
  });
});

it('is well in HISTORY_MODE=client, which needs no store', async () => {
  const service = await startService({ HISTORY_MODE: 'client' });
  expect(await read(service, '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect((await read(service, '/health/ready')).status).toBe(200);
  expect((await read(service, '/health/sessions')).body).toEqual({
    status: 'healthy',
    redis_healthy: true,
    database_healthy: true,
    active_sessions: 0,
    dirty_conversations: 0,
    oldest_unsynced_seconds: 0,
    last_sweep: null,
  });
});
