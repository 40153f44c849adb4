import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { archivedTurns } from './archive-contents.js';
import { eventually } from './eventually.js';
import type { HttpClient } from './http-client.js';
import { expectProblem } from './problem.js';
import type { TestDatabase } from './stores.js';

/** Erases it, again and again while somebody else holds its row. */
export async function erase(service: HttpClient, conversationId: string): Promise<void> {
  await eventually(async () => {
    const { status } = await service.request('DELETE', `/conversations/${conversationId}`);
    expect(status).toBe(204);
  });
}

/** There is no such conversation for anybody, whatever they want of it. */
export async function expectUnknown(
  instances: readonly HttpClient[],
  conversationId: string,
): Promise<void> {
  for (const instance of instances) {
    const replies = [
      await instance.chat({
        query: 'Still there?',
        meta_params: { conversation_id: conversationId },
      }),
      await instance.request('POST', `/conversations/${conversationId}/end`),
      await instance.request('DELETE', `/conversations/${conversationId}`),
    ];
    for (const reply of replies) expectProblem(reply, 404, 'conversation_not_found');
  }
}

/** Neither store has anything of it but the archive's tombstone. */
export async function expectNothingLeft(
  { redis, database }: { redis: Redis; database: TestDatabase },
  conversationId: string,
): Promise<void> {
  const { turns, meta, dirty, active } = conversationKeys(conversationId);
  expect(await redis.exists(turns)).toBe(0);
  expect(await redis.hexists(meta, 'last')).toBe(0);
  expect(await redis.zscore(dirty, conversationId)).toBeNull();
  expect(await redis.zscore(active, conversationId)).toBeNull();
  expect(await archivedTurns(database, conversationId)).toEqual([]);
  expect(
    await database.query(
      `select user_id, turn_count::integer, title, metadata, data_key, erased_at is not null as erased
         from conversation_sessions where conversation_id = $1`,
      [conversationId],
    ),
  ).toEqual([
    { user_id: null, turn_count: 0, title: null, metadata: null, data_key: null, erased: true },
  ]);
}
