import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { begin, goOn } from '../support/chats.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/i;

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const open = await startService(stores);
const guarded = await startService({ ...stores, ADMIN_TOKEN });

/** Samples by name and labels. */
async function samples(): Promise<Map<string, number>> {
  const { body } = await open.request<string>('GET', '/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

describe('GET /metrics', () => {
  it('counts conversations, turns by durability and histories by source', async () => {
    const before = await samples();
    const { conversation_id } = await begin(open);
    await goOn(open, conversation_id);
    await goOn(open, conversation_id, 'Who?', { durability: 'committed' });
    const after = await samples();
    const gain = (name: string) => after.get(name)! - (before.get(name) ?? 0);
    expect(gain('sessions_created_total')).toBe(1);
    expect(gain('history_retrieved_total{source="hot"}')).toBe(2);
    expect(gain('messages_saved_total{durability="accepted"}')).toBe(2);
    expect(gain('messages_saved_total{durability="committed"}')).toBe(1);
    expect(gain('history_latency_seconds_count')).toBe(2);
    expect(gain('answer_latency_seconds_count')).toBe(3);
    expect(after.get('turns_synced_total')).toBeGreaterThanOrEqual(3);
  });

  it('times a turn as a whole, without its engine', async () => {
    await begin(open);
    expect((await samples()).get('turn_latency_seconds_count{step="total"}')).toBeGreaterThan(0);
  });

  it('counts the sessions that are in Redis', async () => {
    await begin(open);
    await eventually(async () => {
      expect((await samples()).get('active_sessions')).toBeGreaterThanOrEqual(1);
    });
  });

  it('has every name of the contract, and Node’s own', async () => {
    const { body, headers } = await open.request<string>('GET', '/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    const names = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'sessions_created_total',
        'history_retrieved_total',
        'messages_saved_total',
        'history_latency_seconds',
        'turn_latency_seconds',
        'answer_latency_seconds',
        'sync_lag_seconds',
        'dirty_conversations',
        'unsynced_turns',
        'turns_synced_total',
        'sync_failures_total',
        'sweep_duration_seconds',
        'dead_letters',
        'redis_fallback_total',
        'active_sessions',
        'redis_memory_used_ratio',
        'store_away',
        'http_replies_total',
        'nodejs_eventloop_lag_seconds',
        'process_cpu_seconds_total',
      ]),
    );
  });

  it('has no id of anybody in a label', async () => {
    await begin(open);
    for (const name of (await samples()).keys()) expect(name).not.toMatch(UUID);
  });

  it('needs the ADMIN_TOKEN where one is set', async () => {
    expectProblem(await guarded.request('GET', '/metrics'), 401, 'unauthenticated');
    const wrong = { authorization: 'Bearer wrong' };
    const refused = await guarded.request('GET', '/metrics', { headers: wrong });
    expectProblem(refused, 401, 'unauthenticated');
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    expect((await guarded.request('GET', '/metrics', { headers })).status).toBe(200);
  });
});

describe('the OpenAPI document', async () => {
  interface Operation {
    readonly summary?: string;
    readonly responses: Record<string, { description: string; content?: object }>;
  }
  const { body: document } = await open.request<{
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  }>('GET', '/docs-json');

  it.each([
    ['post', '/chat/basic', ['200', '400', '404', '413', '429', '502', '503', '504']],
    ['post', '/conversations/{id}/end', ['200', '404', '409', '503']],
    ['delete', '/conversations/{id}', ['204', '404', '409', '503']],
    ['get', '/admin/verify', ['200', '401', '403', '409', '503']],
    ['get', '/admin/dead-letters', ['200', '401', '403', '409', '503']],
    ['post', '/admin/sync', ['200', '401', '403', '409', '503']],
    ['get', '/metrics', ['200', '401']],
    ['get', '/health', ['200', '503']],
    ['get', '/health/live', ['200']],
    ['get', '/health/ready', ['200', '503']],
    ['get', '/health/sessions', ['200']],
  ])('describes %s %s with every status that it answers', (method, path, statuses) => {
    const operation = document.paths[path]?.[method];
    expect(Object.keys(operation!.responses)).toEqual(expect.arrayContaining(statuses));
    expect(operation!.summary).toMatch(/./);
  });

  it('is OpenAPI 3.1, and names the codes of each error', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    for (const operations of Object.values(document.paths)) {
      for (const { responses } of Object.values(operations)) {
        const errors = Object.entries(responses).filter(([status]) => /^4|^502|^504/.test(status));
        for (const [, { description }] of errors) expect(description).toMatch(/^\w+(, \w+)*$/);
      }
    }
  });

  it('has a page to read it on', async () => {
    const page = await open.request<string>('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.body).toContain('swagger');
  });
});
