import { afterEach, expect, it } from 'vitest';
import { entriesOf } from '../../src/conversation/keyring.js';
import { goOn } from '../support/chats.js';
import { aKey, vaultOf } from '../support/encryption.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { openedBy } from '../support/opened-rows.js';
import { createStage, redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, engine, start } = await createStage();
const KEY = aKey('a');
const opened = openedBy(vaultOf(KEY), database);
// By the sweep alone, so that each store has its own turn until then.
const variables = { ENCRYPTION_KEYS: KEY, AUTO_SYNC_TO_DB: 'false' };
const one = await start(variables);
const otherLink = await createProxy(redis.directUrl);
const other = await start({ ...variables, REDIS_URL: otherLink.through(redis.directUrl) });
afterEach(() => otherLink.pass());
const NOTHING = { lost: [], doubled: [], reordered: [], overtaking: [] };

const keysOf = async (conversationId: string) => {
  const [row] = await database.query<{ keyring: string }>(
    `select convert_from(data_key, 'UTF8') as keyring
       from conversation_sessions where conversation_id = $1`,
    [conversationId],
  );
  return entriesOf(row!.keyring).map(({ dataKeyId }) => dataKeyId);
};

it('a create that is stored in Redis and around it, under a key each, stays readable with all that follows', async () => {
  const ledger = new Ledger();
  const headers = { 'idempotency-key': 'two-keys' };
  otherLink.refuse();
  await redisIs('away', other);
  // One is answering while the other, which cannot see that in Redis, does so too.
  engine.stub.always = { kind: 'delay', ms: 500 };
  const question = 'Under which key?';
  const [hot, around] = await Promise.all([
    ledger.ask(one, question, { headers }),
    ledger.ask(other, question, { headers }),
  ]);
  engine.stub.always = null;
  expect([hot.status, around.status]).toEqual([200, 200]);
  expect(around.body).toMatchObject({ turn_id: hot.body.turn_id, durability: 'committed' });
  expect(hot.body.durability).toBe('accepted');
  const conversationId = hot.body.conversation_id!;
  expect(await keysOf(conversationId)).toHaveLength(1);
  // Under the key of the session, and under that of the archive.
  await ledger.turn(one, 'in Redis?', { conversationId });
  await ledger.turn(other, 'around it?', { conversationId });

  otherLink.pass();
  await redisIs('up', other);
  await expectVerified(one, redis.client);
  await expectVerified(other, redis.client);
  expect(await keysOf(conversationId)).toHaveLength(2);
  const { overtaking: _, ...differences } = await ledger.compare(opened);
  expect({ ...differences, overtaking: [] }).toEqual(NOTHING);
  for (const service of [one, other]) {
    const again = await ledger.ask(service, question, { headers });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body.turn_id).toBe(hot.body.turn_id);
    expect((await goOn(service, conversationId)).history.turns_available).toBeGreaterThanOrEqual(3);
  }
});

it('turns that are rescued from memory, when Redis is lost, bring their key along', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(one, 'first, in Redis alone');
  await ledger.turn(one, 'second, in Redis alone', { conversationId });
  redis.proxy.refuse();
  await redisIs('away', one);
  await eventually(async () => expect(await keysOf(conversationId)).toHaveLength(1));
  const third = await ledger.ask(one, 'third, around Redis', { conversationId });
  expect(third.body).toMatchObject({ seq: 3, history: { turns_available: 2 } });
  redis.proxy.pass();
  await redisIs('up', one);
  await expectVerified(one, redis.client);
  expect(await ledger.compare(opened)).toEqual(NOTHING);
  expect(await keysOf(conversationId)).toHaveLength(1);
  const ended = await one.request<object>('POST', `/conversations/${conversationId}/end`);
  expect(ended.body).toMatchObject({ title: 'first, in Redis alone', turn_count: 3 });
});
