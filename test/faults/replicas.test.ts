import { afterEach, expect, it } from 'vitest';
import type { BucketUsageDto } from '../../src/analytics/analytics.dto.js';
import { ADMIN_TOKEN } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { createReplica } from '../support/replica.js';
import { startService } from '../support/service.js';
import { createPostgres, createRedis } from '../support/stores.js';
import { bearer } from '../support/tokens.js';

const redis = await createRedis();
const primary = await createPostgres();
const replica = await createReplica(primary);
const link = await createProxy(replica.url);

/** It takes what the primary writes, and shows nothing of it. */
async function pauseReplica(): Promise<void> {
  await replica.query('select pg_wal_replay_pause()');
  await eventually(async () => {
    const [row] = await replica.query('select pg_get_wal_replay_pause_state() as state');
    expect(row).toEqual({ state: 'paused' });
  });
}
const resumeReplica = () => replica.query('select pg_wal_replay_resume()');

await pauseReplica();
const service = await startService({
  REDIS_URL: redis.url,
  DATABASE_URL: primary.url,
  DATABASE_REPLICA_URLS: link.through(replica.url),
  ADMIN_TOKEN,
});
const headers = bearer(ADMIN_TOKEN);

async function countedTurns(): Promise<number> {
  const reply = await service.request<BucketUsageDto[]>('GET', '/analytics/usage', { headers });
  expect(reply.status).toBe(200);
  return reply.body.reduce((sum, { turns }) => sum + turns, 0);
}

let turns = 0;
const expectAllCounted = async () => expect(await countedTurns()).toBe(turns);

async function addTurn(): Promise<void> {
  const meta_params = { durability: 'committed' };
  const reply = await service.chat({ query: `question ${++turns}`, meta_params });
  expect(reply.status).toBe(200);
}

async function isCalledAway(away: 0 | 1): Promise<void> {
  const { body } = await service.request<string>('GET', '/metrics', { headers });
  expect(body).toContain(`store_away{store="replica"} ${away}`);
}

afterEach(async () => {
  link.pass();
  await resumeReplica();
  await eventually(() => isCalledAway(0));
  await eventually(expectAllCounted);
});

it('asks Postgres itself for figures while a replica has not even its tables', async () => {
  await addTurn();
  await expect(replica.query('select 1 from conversation_messages')).rejects.toThrow(/not exist/);
  expect(await countedTurns()).toBe(1);
});

it('counts figures on the replica, as far as that has come', async () => {
  await pauseReplica();
  await addTurn();
  expect(await countedTurns()).toBe(turns - 1);
});

it.each([
  ['refuses connections', () => link.refuse()],
  ['is frozen', () => link.blackhole()],
])(
  'asks Postgres itself while the replica %s, and the replica again once it is back',
  async (_, breakIt) => {
    await pauseReplica();
    await addTurn();
    breakIt();
    expect(await countedTurns()).toBe(turns);
    await isCalledAway(1);
    link.pass();
    await eventually(async () => expect(await countedTurns()).toBe(turns - 1));
  },
);
