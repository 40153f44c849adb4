import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.js';
import { allKeys, everythingIn, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const incognito = { query: 'What is attention?', meta_params: { is_incognito: true } };

describe('CHAT_RATE_LIMIT', async () => {
  const redis = await createRedis();
  const database = await createDatabase();
  const client = redisClient(redis.url);
  const variables = { REDIS_URL: redis.url, DATABASE_URL: database.url, CHAT_RATE_LIMIT: '30' };
  const one = await startService(variables);
  const other = await startService(variables);
  const instances = [one, other];

  it('refuses the 31st turn of a minute, whichever instance is asked', async () => {
    for (let turn = 1; turn <= 30; turn++) {
      const { status, headers } = await instances[turn % 2]!.chat(incognito);
      expect(status).toBe(200);
      expect(headers.get('ratelimit-policy')).toBe('"chat";q=30;w=60');
      expect(headers.get('ratelimit')).toMatch(new RegExp(`^"chat";r=${30 - turn};t=\\d+$`));
    }
    for (const instance of instances) {
      const refused = await instance.chat(incognito);
      expect(expectProblem(refused, 429, 'rate_limited').retryable).toBe(true);
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(refused.headers.get('ratelimit')).toMatch(/^"chat";r=0;t=\d+$/);
      expect(refused.headers.get('ratelimit-policy')).toBe('"chat";q=30;w=60');
    }
  });

  it('counts turns alone, and writes down no address', async () => {
    expect((await one.request('GET', '/health')).status).toBe(200);
    expect(await everythingIn(client)).not.toContain('127.0.0.1');
  });

  it('lets a caller on when the minute is over', async () => {
    const windows = (await allKeys(client)).filter((key) => key.includes(':rate:'));
    expect(windows).toHaveLength(1);
    expect(await client.pttl(windows[0]!)).toBeGreaterThan(0);
    await client.pexpire(windows[0]!, 1);
    await eventually(async () => expect((await one.chat(incognito)).status).toBe(200));
  });
});

describe('CHAT_RATE_LIMIT without a shared Redis', async () => {
  const service = await startService({ HISTORY_MODE: 'client', CHAT_RATE_LIMIT: '3' });

  it('limits each instance by itself', async () => {
    const { query } = incognito;
    for (let turn = 1; turn <= 3; turn++) expect((await service.chat({ query })).status).toBe(200);
    const refused = await service.chat({ query });
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

it('does not limit where CHAT_RATE_LIMIT is 0', async () => {
  const service = await startService({ HISTORY_MODE: 'client', CHAT_RATE_LIMIT: '0' });
  const replies = await Promise.all(
    Array.from({ length: 40 }, () => service.chat({ query: incognito.query })),
  );
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
  expect(replies[0]!.headers.get('ratelimit')).toBeNull();
});
