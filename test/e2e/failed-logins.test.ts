import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { createFaultyRedis } from '../support/faults.js';
import { expectProblem } from '../support/problem.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { redisIs } from '../support/stage.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, inSeconds, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const LIMIT = 3;
const LIMITED = { ADMIN_TOKEN, CHAT_RATE_LIMIT: String(LIMIT), TRUST_PROXY: '1' };
const TURN = { query: 'What is attention?', meta_params: { is_incognito: true } };
const good = await tokenOf('anna');
const expired = await tokenOf('anna', { exp: inSeconds(-60) });
const admin = await tokenOf('root', { scope: 'admin' });

const redis = await createRedis();
const database = await createDatabase();
const variables = {
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  ...JWT_VARIABLES,
  ...LIMITED,
};
const instances = [await startService(variables), await startService(variables)] as const;
const [one, other] = instances;
const client = redisClient(redis.url);

const ask = (service: typeof one, token: string, address: string) =>
  service.chat<unknown>(TURN, { ...bearer(token), 'x-forwarded-for': address });
const metrics = (service: typeof one, token: string, address: string) =>
  service.request('GET', '/metrics', {
    headers: { ...bearer(token), 'x-forwarded-for': address },
  });

/** Uses up an address's tries. */
async function exhaust(address: string): Promise<void> {
  for (let tries = 0; tries < LIMIT; tries++) {
    expectProblem(await ask(instances[tries % 2]!, `x${tries}`, address), 401, 'unauthenticated');
  }
}

describe('bad tokens from one address', () => {
  it('get 429 above the limit, on all instances together, and on routes of all kinds', async () => {
    const address = '203.0.113.1';
    await exhaust(address);
    for (const service of instances) {
      const refused = await ask(service, 'x', address);
      expectProblem(refused, 429, 'rate_limited');
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
      expect(refused.headers.get('ratelimit')).toMatch(/^"login";r=0;t=\d+$/);
      expect(refused.headers.get('ratelimit-policy')).toBe(`"login";q=${LIMIT};w=60`);
      expectProblem(await metrics(service, 'x', address), 429, 'rate_limited');
    }
    expectProblem(await ask(one, 'x', '203.0.113.2'), 401, 'unauthenticated');
  });

  it('lock out nobody whose token is good, for behind an address may be a campus', async () => {
    const address = '203.0.113.3';
    await exhaust(address);
    expect((await ask(one, good, address)).status).toBe(200);
    expect((await metrics(one, admin, address)).status).toBe(200);
  });

  it('have the ADMIN_TOKEN compared no more: that is what could be guessed', async () => {
    const address = '203.0.113.4';
    expect((await metrics(one, ADMIN_TOKEN, address)).status).toBe(200);
    await exhaust(address);
    expectProblem(await metrics(other, ADMIN_TOKEN, address), 429, 'rate_limited');
    expect((await metrics(other, ADMIN_TOKEN, '203.0.113.5')).status).toBe(200);
  });

  it('are counted anew when the minute is over', async () => {
    const address = '203.0.113.6';
    await client.flushall();
    await exhaust(address);
    const [window, ...rest] = await client.keys('*:rate:*');
    expect(rest).toEqual([]);
    expect(await client.pttl(window!)).toBeGreaterThan(0);
    await client.del(window!);
    await exhaust(address);
  });

  it('are not those that have expired, nor none at all', async () => {
    const address = '203.0.113.7';
    for (let tries = 0; tries < 2 * LIMIT; tries++) {
      expectProblem(await ask(one, expired, address), 401, 'unauthenticated');
      const none = await one.chat(TURN, { 'x-forwarded-for': address });
      expectProblem(none, 401, 'unauthenticated');
    }
  });
});

describe('guesses at the ADMIN_TOKEN where callers have no identity', async () => {
  const service = await startService({ HISTORY_MODE: 'client', ...LIMITED });

  it('end at the limit', async () => {
    const address = '203.0.113.8';
    expect((await metrics(service, ADMIN_TOKEN, address)).status).toBe(200);
    for (let tries = 0; tries < LIMIT; tries++) {
      expectProblem(await metrics(service, 'guess', address), 401, 'unauthenticated');
    }
    expectProblem(await metrics(service, ADMIN_TOKEN, address), 429, 'rate_limited');
    expect((await metrics(service, ADMIN_TOKEN, '203.0.113.9')).status).toBe(200);
  });
});

describe('while Redis is away', async () => {
  const faulty = await createFaultyRedis();
  const service = await startService({ ...variables, REDIS_URL: faulty.url });

  it('turns and bad tokens are limited by each instance', async () => {
    faulty.proxy.refuse();
    await redisIs('away', service);
    const address = '203.0.113.10';
    for (let turn = 1; turn <= LIMIT; turn++) {
      expect((await ask(service, good, address)).status).toBe(200);
      expectProblem(await ask(service, 'x', address), 401, 'unauthenticated');
    }
    expectProblem(await ask(service, good, address), 429, 'rate_limited');
    expectProblem(await ask(service, 'x', address), 429, 'rate_limited');
  });
});
