import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, someAtOnce } from '../support/load.js';
import { redisClient } from '../support/redis-contents.js';
import { countTurns, expectSettled } from '../support/settled.js';
import { createDatabase, createRedis } from '../support/stores.js';

const CONVERSATIONS = 300;
const ROUNDS = 3;

const redis = await createRedis();
const database = await createDatabase();
const variables = {
  REDIS_URL: redis.url,
  DATABASE_URL: database.url,
  AUTO_SYNC_TO_DB: 'false',
  SYNC_INTERVAL: '1',
};
const instances = await Promise.all([1, 2, 3].map(() => startInstance(variables)));

it('archives each turn once while three instances sweep three hundred conversations every second', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, instances, CONVERSATIONS);
  for (let round = 1; round <= ROUNDS; round++) {
    await someAtOnce(begun, (conversationId, caller) =>
      ledger.turn(instances[(caller + round) % 3]!, `question ${round}`, { conversationId }),
    );
  }
  await eventually(async () =>
    expect(await countTurns(database)).toBe(CONVERSATIONS * (ROUNDS + 1)),
  );
  await expectSettled(instances[0]!, { redis: redisClient(redis.url), database }, ledger);
});
