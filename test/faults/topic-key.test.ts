import { expect, it } from 'vitest';
import { TopicKeyring } from '../../src/persistence/topic-keyring.js';
import { openDatabase } from '../support/archive.js';
import { aKey } from '../support/encryption.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const INSTANCES = 8;

const redis = await createRedis();
const database = await createDatabase();
const link = await createProxy(database.url);
const counting = {
  REDIS_URL: redis.url,
  DATABASE_URL: link.through(database.url),
  ANALYTICS_TOPICS: 'keywords',
  ENCRYPTION_KEYS: aKey('ours'),
};

async function say(at: Service, durability: 'accepted' | 'committed') {
  const reply = await at.chat({ query: 'What is dropout?', meta_params: { durability } });
  expect(reply.status).toBe(200);
  return reply.body.turn_id!;
}

async function tokensOf(turnId: string): Promise<string[] | null> {
  const [row] = await database.query<{ topic_tokens: string[] | null }>(
    'select topic_tokens from conversation_messages where id = $1',
    [turnId],
  );
  return row!.topic_tokens;
}

const tokensOfOneMore = async (at: Service) => tokensOf(await say(at, 'committed'));

const countsAgain = (at: Service) =>
  eventually(async () => expect(await tokensOfOneMore(at)).toHaveLength(1));

it('takes turns while the key of topics cannot be read, and counts them as soon as it can', async () => {
  await database.query('alter table topic_key rename to elsewhere');
  const service = await startService(counting);
  expect(await tokensOfOneMore(service)).toBeNull();
  await database.query('alter table elsewhere rename to topic_key');
  await countsAgain(service);
});

it('takes turns while Postgres is away from the start on, and counts them once it is there', async () => {
  link.refuse();
  const service = await startService(counting);
  const early = await say(service, 'accepted');
  link.pass();
  await countsAgain(service);
  await eventually(async () => expect(await tokensOf(early)).toBeNull());
});

it('takes turns, but no topics, with keys of which none opens that of topics, and leaves it alone', async () => {
  const kept = () => database.query('select keyring from topic_key');
  const before = await kept();
  const service = await startService({ ...counting, ENCRYPTION_KEYS: aKey('others') });
  expect(await tokensOfOneMore(service)).toBeNull();
  expect(await kept()).toEqual(before);
});

it('counts topics again after that key was lost, once its row is gone', async () => {
  await database.query('delete from topic_key');
  const service = await startService({ ...counting, ENCRYPTION_KEYS: aKey('others') });
  expect(await tokensOfOneMore(service)).toHaveLength(1);
});

it('is one key although many instances make it at once', async () => {
  const own = await createDatabase();
  const keyring = new TopicKeyring(await openDatabase(own.url));
  const made = Array.from({ length: INSTANCES }, (_, index) => `made by ${index}`);
  const kept = await Promise.all(made.map((each) => keyring.keep(each)));
  expect(new Set(kept).size).toBe(1);
  expect(made).toContain(kept[0]);
});
