import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { SweepReport, VerifyReport } from '../../src/admin/admin.dto.js';
import { ADMIN_TOKEN } from './admin.js';
import { eventually } from './eventually.js';
import type { HttpClient } from './http-client.js';

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };

/**
 * Sweeps until no conversation is dirty, and expects all invariants to hold over both stores.
 * @param redis past every proxy: a sweep that another instance's lease sends away says zero too
 */
export async function expectVerified(service: HttpClient, redis: Redis): Promise<void> {
  await eventually(async () => {
    const swept = await service.request<SweepReport>('POST', '/admin/sync', { headers });
    expect(swept).toMatchObject({ status: 200, body: { failed: 0 } });
    expect(await dirtyConversations(redis)).toEqual([]);
  });
  const body = await eventually(async () => {
    // Only that it can be asked is waited for, not what it says.
    const reply = await service.request<VerifyReport>('GET', '/admin/verify', { headers });
    expect(reply.status).toBe(200);
    return reply.body;
  });
  expect(body).toEqual({ ok: true, violations: [] });
}

/** Ids of the conversations that have turns which are not in the archive. */
export async function dirtyConversations(redis: Redis): Promise<string[]> {
  const marks = await keysLike(redis, 'conversation:{*}:dirty');
  return (await Promise.all(marks.map((key) => redis.zrange(key, '0', '-1')))).flat();
}

/** How many accepted turns are in Redis alone at this instant. */
export async function unsyncedTurns(redis: Redis): Promise<number> {
  const metas = await keysLike(redis, 'conversation:{*}:*:meta');
  const lags = await Promise.all(
    metas.map(async (key) => {
      const [last, synced] = await redis.hmget(key, 'last', 'synced');
      return Number(last) - Number(synced);
    }),
  );
  return lags.reduce((sum, lag) => sum + lag, 0);
}

async function keysLike(redis: Redis, pattern: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const page of redis.scanStream({ match: pattern, count: 1000 })) {
    for (const key of page as string[]) keys.add(key);
  }
  return [...keys];
}
