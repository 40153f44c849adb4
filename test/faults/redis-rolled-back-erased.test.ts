import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { erase, expectNothingLeft, expectUnknown } from '../support/erased.js';
import { Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, start } = await createStage();
const service = await start({ AUTO_SYNC_TO_DB: 'false' });

it('keeps the erased erased when Redis is rolled back to a file that has it', async () => {
  const ledger = new Ledger();
  const durability = 'committed';
  const clean = await ledger.turn(service, 'What is attention?', { durability });
  const dirty = await ledger.turn(service, 'What is dropout?', { durability });
  await ledger.turn(service, 'And then?', { conversationId: dirty.conversationId });
  const unknown = await ledger.turn(service, 'What is a token?');
  const ids = [clean, dirty, unknown].map(({ conversationId }) => conversationId);
  await redis.copyData();
  for (const id of ids) await erase(service, id);
  await expectVerified(service, redis.client);

  redis.proxy.refuse();
  await redis.rollBack();
  for (const id of ids) expect(await redis.client.exists(conversationKeys(id).turns)).toBe(1);
  redis.proxy.pass();
  await redisIs('up', service);
  await expectVerified(service, redis.client);
  for (const id of ids) await expectNothingLeft({ redis: redis.client, database }, id);
  for (const id of ids) await expectUnknown([service], id);
});
