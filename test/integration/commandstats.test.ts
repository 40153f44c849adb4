import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

// What walks through all keys, or stops the server while it works.
const FORBIDDEN = ['keys', 'scan', 'randomkey', 'flushall', 'flushdb', 'save', 'monitor', 'debug'];

const redis = await createRedis();
const database = await createDatabase();
const client = redisClient(redis.url);
const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };

async function commandsUsed(from: Redis): Promise<string[]> {
  const stats = await from.info('commandstats');
  return [...stats.matchAll(/^cmdstat_([\w|]+):/gm)].map(([, name]) => name!);
}

beforeAll(async () => {
  await client.config('RESETSTAT');
});
afterAll(() => client.disconnect());

it('goes over all routes without a command that walks through all keys', async () => {
  const service = await startService({
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    CHAT_RATE_LIMIT: '1000',
    SYNC_INTERVAL: '1',
    MAX_MESSAGES_PER_SESSION: '2',
    ADMIN_TOKEN,
  });
  const first = await begin(service);
  const id = first.conversation_id;
  for (let turn = 2; turn <= 5; turn++) await goOn(service, id);
  await goOn(service, id, 'Who?', { durability: 'committed' });
  await service.chat({ query: 'What is attention?', meta_params: { is_incognito: true } });
  await service.chat({ query: '' });
  await goOn(service, id).then(() => service.request('POST', `/conversations/${id}/end`));
  await goOn(service, id);
  for (const path of ['/health', '/health/live', '/health/ready', '/health/sessions', '/metrics']) {
    expect((await service.request('GET', path, { headers })).status).toBe(200);
  }
  expect((await sweepNow(service)).status).toBe(200);
  await eventually(async () => expect(await archivedTurns(database, id)).toHaveLength(8));
  await service.stop();

  const redisMode = await startService({ HISTORY_MODE: 'redis', REDIS_URL: redis.url });
  const hot = await begin(redisMode);
  await goOn(redisMode, hot.conversation_id);
  await redisMode.request('POST', `/conversations/${hot.conversation_id}/end`);
  await redisMode.stop();

  const used = await commandsUsed(client);
  expect(used).toEqual(expect.arrayContaining(['evalsha', 'rpush', 'hincrby', 'zadd', 'incr']));
  expect(used.filter((name) => FORBIDDEN.includes(name))).toEqual([]);
});
