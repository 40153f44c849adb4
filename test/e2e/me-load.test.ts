import { afterAll, describe, expect, it } from 'vitest';
import { SCRIPTS } from '../../src/session/scripts.js';
import { takeAll } from '../support/export.js';
import { expectProblem } from '../support/problem.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const redis = await createRedis();
// Begun while nobody else talks: its client takes what others say meanwhile for the reply.
const monitor = await redisClient(redis.url).monitor();
afterAll(() => monitor.disconnect());
const database = await createDatabase();
const variables = { REDIS_URL: redis.url, DATABASE_URL: database.url, ...JWT_VARIABLES };
const asUser = async (sub: string) => bearer(await tokenOf(sub));

const ASKED = [
  ['DELETE', '/me/data'],
  ['GET', '/me/export'],
] as const;

it('looks for everything of a user on another connection than the turns of everybody', async () => {
  const service = await startService(variables);
  const headers = await asUser('ada');
  const cameFrom = (script: { sha: string }) => {
    const sources = new Set<string>();
    monitor.on('monitor', (_time: string, [, sha]: string[], source: string) => {
      if (sha === script.sha) sources.add(source);
    });
    return sources;
  };
  const [looks, appends] = [cameFrom(SCRIPTS.owned), cameFrom(SCRIPTS.append)];
  const first = { query: 'What is attention?' };
  expect((await service.chat(first, headers)).status).toBe(200);
  expect((await service.chat(first, headers)).status).toBe(200);
  expect(await takeAll(service, headers)).toHaveLength(2);
  const replies = await Promise.all(
    Array.from({ length: 2 }, () => service.request('DELETE', '/me/data', { headers })),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  expect(appends.size).toBe(1);
  expect(looks.size).toBe(1);
  expect([...looks]).not.toEqual([...appends]);
});

describe('CHAT_RATE_LIMIT', async () => {
  const limited = { ...variables, CHAT_RATE_LIMIT: '3' };
  const instances = [await startService(limited), await startService(limited)];

  it('refuses a user who asks for everything too often, whichever instance is asked', async () => {
    const [bob, cleo] = [await asUser('bob'), await asUser('cleo')];
    for (let time = 0; time < 3; time++) {
      const [method, path] = ASKED[time % 2]!;
      const reply = await instances[time % 2]!.request(method, path, { headers: bob });
      expect(reply.status).toBe(200);
      expect(reply.headers.get('ratelimit-policy')).toBe('"me";q=3;w=60');
    }
    for (const service of instances) {
      const refused = await service.request('GET', '/me/export', { headers: bob });
      expectProblem(refused, 429, 'rate_limited');
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
      const other = await service.request('DELETE', '/me/data', { headers: cleo });
      expect(other.status).toBe(200);
      expect((await service.chat({ query: 'What is attention?' }, bob)).status).toBe(200);
    }
  });

  it('tells a caller without identity what is wrong, however often', async () => {
    const open = await startService({ ...limited, AUTH_MODE: 'none', CHAT_RATE_LIMIT: '1' });
    for (let time = 0; time < 3; time++) {
      expectProblem(await open.request('DELETE', '/me/data'), 403, 'forbidden');
    }
  });
});
