import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { redisClient } from '../support/redis-contents.js';
import { countTurns, expectSettled } from '../support/settled.js';
import { createDatabase, createRedis } from '../support/stores.js';

const redis = await createRedis();
const database = await createDatabase();
const variables = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const killed = await startInstance({ ...variables, AUTO_SYNC_TO_DB: 'false' });

it('archives at its restart what it had accepted before it was killed, without waiting for a sweep', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(killed, 'What is attention?');
  await ledger.turn(killed, 'And then?', { conversationId });
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await countTurns(database)).toBe(0);

  const restarted = await startInstance(variables);
  await eventually(async () => expect(await countTurns(database)).toBe(2));
  await expectSettled(restarted, { redis: redisClient(redis.url), database }, ledger);
});
