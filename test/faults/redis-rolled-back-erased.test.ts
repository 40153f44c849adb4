import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { erase, expectNothingLeft, expectUnknown } from '../support/erased.js';
import { Ledger } from '../support/ledger.js';
import { contentKeys } from '../support/redis-contents.js';
import { createStage, redisIs } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, start } = await createStage();
const service = await start({ AUTO_SYNC_TO_DB: 'false' });
const knowing = await start({ AUTO_SYNC_TO_DB: 'false', ...JWT_VARIABLES });

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

it('keeps everything of a user erased when Redis is rolled back to a file that has it', async () => {
  const ledger = new Ledger();
  const headers = bearer(await tokenOf('ada'));
  const asked = { durability: 'committed', headers } as const;
  const clean = await ledger.turn(knowing, 'What is a layer?', asked);
  const dirty = await ledger.turn(knowing, 'What is a seed?', asked);
  await ledger.turn(knowing, 'And then?', { conversationId: dirty.conversationId, headers });
  const unknown = await ledger.turn(knowing, 'What is a gradient?', { headers });
  const ids = [clean, dirty, unknown].map(({ conversationId }) => conversationId);
  await redis.copyData();
  const erased = await knowing.request('DELETE', '/me/data', { headers });
  expect(erased).toMatchObject({ status: 200, body: { conversations: 3, turns: 4, sessions: 3 } });

  redis.proxy.refuse();
  await redis.rollBack();
  for (const id of ids) expect(await redis.client.exists(conversationKeys(id).turns)).toBe(1);
  redis.proxy.pass();
  await redisIs('up', knowing);
  await expectVerified(knowing, redis.client);
  for (const id of ids) await expectNothingLeft({ redis: redis.client, database }, id);
  expect((await contentKeys(redis.client)).filter((key) => key.endsWith(':turns'))).toEqual([]);
  const again = await knowing.request('DELETE', '/me/data', { headers });
  expect(again).toMatchObject({ status: 200, body: { conversations: 0, turns: 0, sessions: 0 } });
});
