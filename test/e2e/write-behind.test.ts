import { describe, expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { archivedTurns } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const client = redisClient(redis.url);

const isClean = (id: string) =>
  eventually(async () => {
    const { meta, turns, dirty } = conversationKeys(id);
    expect(await client.zscore(dirty, id)).toBeNull();
    expect(await client.ttl(meta)).toBeGreaterThan(0);
    expect(await client.ttl(turns)).toBeGreaterThan(0);
  });

describe('with AUTO_SYNC_TO_DB', async () => {
  const service = await startService({ ...stores, MAX_MESSAGES_PER_SESSION: '3' });

  it('has a turn in Postgres soon after its reply, without waiting for a sweep', async () => {
    const first = await begin(service);
    await eventually(async () =>
      expect(await archivedTurns(database, first.conversation_id)).toEqual([
        { id: first.turn_id, seq: 1, question: 'What is machine learning?', answer: first.answer },
      ]),
    );
    await isClean(first.conversation_id);
  });

  it('has a committed turn in Postgres before its reply', async () => {
    const { conversation_id } = await begin(service);
    const second = await goOn(service, conversation_id, 'Who uses it?', {
      durability: 'committed',
    });
    expect(second.durability).toBe('committed');
    expect(await archivedTurns(database, conversation_id)).toMatchObject([
      { seq: 1 },
      { seq: 2, id: second.turn_id },
    ]);
  });

  it('still knows the history when Redis has lost everything, and saves nothing twice', async () => {
    const first = await begin(service);
    await isClean(first.conversation_id);
    await client.flushall();

    const second = await goOn(service, first.conversation_id);
    expect(second).toMatchObject({ seq: 2, history: { source: 'durable', turns_used: 1 } });
    expect(second.answer).not.toBe(first.answer);
    const third = await goOn(service, first.conversation_id);
    expect(third).toMatchObject({ seq: 3, history: { source: 'hot', turns_used: 2 } });

    await isClean(first.conversation_id);
    const ids = (await archivedTurns(database, first.conversation_id)).map(({ id }) => id);
    expect(ids).toEqual([first.turn_id, second.turn_id, third.turn_id]);
  });

  it('keeps the newest turns in Redis and all of them in Postgres', async () => {
    const { conversation_id } = await begin(service);
    for (let turn = 2; turn <= 7; turn++) await goOn(service, conversation_id);
    await isClean(conversation_id);
    expect(await client.llen(conversationKeys(conversation_id).turns)).toBe(3);
    const seqs = (await archivedTurns(database, conversation_id)).map(({ seq }) => seq);
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await goOn(service, conversation_id)).history.turns_available).toBe(3);
  });

  it('flushes a conversation that is ended, and drops it from Redis', async () => {
    const { conversation_id } = await begin(service);
    await goOn(service, conversation_id);
    const ended = await service.request('POST', `/conversations/${conversation_id}/end`);
    expect(ended).toMatchObject({ status: 200, body: { turn_count: 2 } });
    expect(await archivedTurns(database, conversation_id)).toHaveLength(2);
    expect((await contentKeys(client)).join()).not.toContain(conversation_id);
  });
});

describe('with a short SESSION_TTL', async () => {
  const service = await startService({ ...stores, SESSION_TTL: '1' });

  it('lets an idle session expire, and restores it when its user comes back', async () => {
    const { conversation_id } = await begin(service);
    const { meta, turns } = conversationKeys(conversation_id);
    await eventually(async () => expect(await client.exists(meta, turns)).toBe(0));
    const second = await goOn(service, conversation_id);
    expect(second).toMatchObject({ seq: 2, history: { source: 'durable', turns_used: 1 } });
  });
});
