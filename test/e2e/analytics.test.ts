import { beforeAll, describe, expect, it } from 'vitest';
import type {
  BucketUsageDto,
  CohortDto,
  HourOfWeekUsageDto,
  TopicDto,
} from '../../src/analytics/analytics.dto.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { openArchive } from '../support/archive.js';
import { archiveConversation, type SaidAt } from '../support/figures.js';
import type { Reply } from '../support/http-client.js';
import { expectProblem } from '../support/problem.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
const ROUTES = ['usage', 'topics', 'retention'];

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url, ADMIN_TOKEN };
const service = await startService(stores);
const archive = await openArchive(database.url);

const ask = <Body>(path: string, accept?: string, at: Service = service): Promise<Reply<Body>> =>
  at.request<Body>('GET', `/analytics/${path}`, {
    headers: { ...headers, ...(accept && { accept }) },
  });

/** So many whole weeks before the one that is under way, and so many days and hours into that one. */
function weeksAgo(weeks: number, days = 0, hours = 0): string {
  const dayMs = 86_400_000;
  const today = new Date().setUTCHours(0, 0, 0, 0);
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * dayMs;
  return new Date(monday + (days - 7 * weeks) * dayMs + hours * 3_600_000).toISOString();
}

describe('usage', () => {
  // A year in which nobody else here says anything; 1 March 2021 is a Monday.
  const said = Array.from({ length: 60 }, (_, index) => {
    const latencyMs = (index * 7919) % 500;
    const day = 1 + (index % 5);
    const hour = (index * 7) % 24;
    const at = `2021-03-0${day}T${String(hour).padStart(2, '0')}:10:00.000Z`;
    const usage = { promptTokens: index, completionTokens: 2 * index };
    return { user: `user ${index % 7}`, at, latencyMs, usage };
  });
  const path = 'usage?from=2021-03-01&to=2021-03-08';

  beforeAll(async () => {
    for (const { user, ...turn } of said) {
      await archiveConversation(archive, user, [turn]);
    }
    // A second turn, which begins nothing, of somebody who is nobody.
    const at = '2021-03-06T00:00:00.000Z';
    await archiveConversation(archive, null, [{ at }, { at: '2021-03-06T23:59:59.999Z' }]);
  });

  const percentile = (sorted: readonly number[], share: number) =>
    sorted[Math.ceil(share * sorted.length) - 1];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

  function expected(some: typeof said) {
    const latencies = some.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
    return {
      conversations: some.length,
      turns: some.length,
      active_users: new Set(some.map(({ user }) => user)).size,
      p50_latency_ms: percentile(latencies, 0.5),
      p95_latency_ms: percentile(latencies, 0.95),
      prompt_tokens: sum(some.map(({ usage }) => usage.promptTokens)),
      completion_tokens: sum(some.map(({ usage }) => usage.completionTokens)),
    };
  }

  it('is counted for each day, also for one on which nothing happened', async () => {
    const { status, body } = await ask<BucketUsageDto[]>(path);
    expect(status).toBe(200);
    expect(body.map(({ start }) => start)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((day) => `2021-03-0${day}T00:00:00.000Z`),
    );
    for (const { start, ...figures } of body.slice(0, 5)) {
      expect(figures).toEqual(
        expected(said.filter(({ at }) => at.slice(0, 10) === start.slice(0, 10))),
      );
    }
    expect(body[5]).toMatchObject({ conversations: 1, turns: 2, active_users: 0 });
    expect(body[6]).toMatchObject({ turns: 0, p50_latency_ms: null, prompt_tokens: 0 });
  });

  it('is counted for each week and each hour', async () => {
    const { body: weeks } = await ask<BucketUsageDto[]>(`${path}&bucket=week`);
    expect(weeks).toMatchObject([
      { start: '2021-03-01T00:00:00.000Z', conversations: 61, turns: 62, active_users: 7 },
    ]);
    const { body: hours } = await ask<BucketUsageDto[]>(`${path}&bucket=hour`);
    expect(hours).toHaveLength(7 * 24);
    const busy = hours.filter(({ active_users }) => active_users > 0);
    expect(busy.length).toBeGreaterThan(20);
    for (const { start, ...figures } of busy) {
      const own = said.filter(({ at }) => at.slice(0, 13) === start.slice(0, 13));
      expect(figures).toEqual(expected(own));
    }
  });

  it('is counted for each hour of the week, over all weeks', async () => {
    const later = '2021-03-16T05:00:00.000Z';
    await archiveConversation(archive, 'user 0', [{ at: later }]);
    const { body } = await ask<HourOfWeekUsageDto[]>(
      'usage?from=2021-03-01&to=2021-03-22&bucket=hour_of_week',
    );
    expect(body).toHaveLength(168);
    expect(body[0]).toMatchObject({ weekday: 1, hour: 0 });
    expect(body[167]).toMatchObject({ weekday: 7, hour: 23 });
    const tuesdayAtFive = body.find(({ weekday, hour }) => weekday === 2 && hour === 5)!;
    const own = said.filter(({ at }) => at.startsWith('2021-03-02T05'));
    expect(tuesdayAtFive.turns).toBe(own.length + 1);
    expect(sum(body.map(({ turns }) => turns))).toBe(said.length + 3);
  });

  it('takes the last thirty days when nothing is asked for', async () => {
    const { body } = await ask<BucketUsageDto[]>('usage');
    expect(body).toHaveLength(30);
  });

  it('counts a turn from the moment that it is archived, and none that was erased', async () => {
    const before = await ask<BucketUsageDto[]>('usage');
    const meta_params = { durability: 'committed' };
    const { body } = await service.chat({ query: 'What is attention?', meta_params });
    const after = await ask<BucketUsageDto[]>('usage');
    const total = (reply: typeof before) => sum(reply.body.map(({ turns }) => turns));
    expect(total(after)).toBe(total(before) + 1);
    await service.request('DELETE', `/conversations/${body.conversation_id}`);
    expect(total(await ask('usage'))).toBe(total(before));
  });

  it('counts no incognito turn', async () => {
    const before = await ask('usage');
    await service.chat({ query: 'What is AI?', meta_params: { is_incognito: true } });
    // One that was kept would be archived by now.
    expect((await sweepNow(service)).status).toBe(200);
    expect((await ask('usage')).body).toEqual(before.body);
  });
});

describe('topics', () => {
  const path = 'topics?from=2022-01-01&to=2022-02-01';
  const at = '2022-01-10T10:00:00.000Z';
  const cite = (user: string | null, ...sources: string[]) =>
    archiveConversation(archive, user, [{ at, sources }]);

  beforeAll(async () => {
    for (let user = 1; user <= 5; user++) await cite(`user ${user}`, 'asked-by-five', '=1+1');
    for (let turn = 1; turn <= 9; turn++) await cite(`user ${1 + (turn % 4)}`, 'asked-by-four');
    // Who has no identity is no fifth user.
    await cite(null, 'asked-by-four');
    for (let turn = 1; turn <= 9; turn++) await cite(null, 'asked-by-nobody');
    await cite('user 1', 'asked-by-five');
  });

  it('are shown from so many users on, however many turns they have', async () => {
    const { body } = await ask<TopicDto[]>(path);
    expect(body).toEqual([
      { topic: 'asked-by-five', turns: 6, users: 5 },
      { topic: '=1+1', turns: 5, users: 5 },
    ]);
    expect((await ask<TopicDto[]>(`${path}&limit=1`)).body).toEqual(body.slice(0, 1));
    expect((await ask<TopicDto[]>('topics?from=2022-02-01&to=2022-03-01')).body).toEqual([]);
  });

  it('are all shown where that is allowed', async () => {
    const all = await startService({ ...stores, TOPIC_MIN_USERS: '0' });
    const { body } = await ask<TopicDto[]>(path, undefined, all);
    expect(body.map(({ topic, turns, users }) => [topic, turns, users])).toEqual([
      ['asked-by-four', 10, 4],
      ['asked-by-nobody', 9, 0],
      ['asked-by-five', 6, 5],
      ['=1+1', 5, 5],
    ]);
  });

  it('are no formula in a spreadsheet', async () => {
    const { body, headers: replied } = await ask<string>(path, 'text/csv');
    expect(replied.get('content-type')).toMatch(/^text\/csv\b/);
    expect(body).toBe("topic,turns,users\r\nasked-by-five,6,5\r\n'=1+1,5,5\r\n");
  });

  it('have a CSV with names also where there are none', async () => {
    const { body } = await ask<string>('topics?from=2022-02-01&to=2022-03-01', 'text/csv');
    expect(body).toBe('topic,turns,users\r\n');
  });
});

describe('retention', () => {
  beforeAll(async () => {
    const say = (user: string, ...times: string[]) =>
      archiveConversation(
        archive,
        user,
        times.map((at): SaidAt => ({ at })),
      );
    // Came first three weeks ago: both came again in the next week, one in this one.
    await say('early 1', weeksAgo(3), weeksAgo(2, 6, 23), weeksAgo(0));
    await say('early 2', weeksAgo(3, 6, 23));
    await say('early 2', weeksAgo(2));
    // Never came again; came first last week.
    await say('late', weeksAgo(1, 3), weeksAgo(1, 4));
    // Came first before the range, and is in none of its cohorts.
    await say('old', weeksAgo(20), weeksAgo(1));
    await say('old', weeksAgo(2));
  });

  it('shows of each week’s new users how many came again, week by week', async () => {
    const { status, body } = await ask<CohortDto[]>('retention?weeks=4');
    expect(status).toBe(200);
    expect(body).toEqual([
      { week: weeksAgo(3).slice(0, 10), users: 2, active: [2, 2, 0, 1] },
      { week: weeksAgo(2).slice(0, 10), users: 0, active: [0, 0, 0] },
      { week: weeksAgo(1).slice(0, 10), users: 1, active: [1, 0] },
      { week: weeksAgo(0).slice(0, 10), users: 0, active: [0] },
    ]);
    expect((await ask<CohortDto[]>('retention')).body).toHaveLength(12);
  });

  it('has a column for each week in CSV', async () => {
    const { body } = await ask<string>('retention?weeks=3', 'text/csv');
    expect(body.split('\r\n').slice(0, 3)).toEqual([
      'week,users,active_0,active_1,active_2',
      `${weeksAgo(2).slice(0, 10)},0,0,0,0`,
      `${weeksAgo(1).slice(0, 10)},1,1,0,`,
    ]);
  });
});

describe('analytics', () => {
  it.each([
    ['usage?from=yesterday', 'from'],
    ['usage?from=2021-01-01&to=2023-01-01', 'from'],
    ['usage?bucket=minute', 'bucket'],
    ['topics?by=users', 'by'],
    ['topics?limit=0', 'limit'],
    ['retention?weeks=53', 'weeks'],
    ['retention?weeks=1&weeks=2', 'weeks'],
  ])('does not take %s', async (path, field) => {
    const problem = expectProblem(await ask(path), 400, 'invalid_request');
    expect(problem.errors).toMatchObject([{ path: field }]);
  });

  it('ignores parameters that it does not know', async () => {
    expect((await ask('usage?colour=red')).status).toBe(200);
  });

  it.each([
    ['redis', { REDIS_URL: redis.url }],
    ['redis', { REDIS_URL: redis.url, DATABASE_URL: database.url }],
    ['client', {}],
  ])('is not possible in %s mode, whatever is asked', async (mode, variables) => {
    const other = await startService({ HISTORY_MODE: mode, ...variables, ADMIN_TOKEN });
    for (const route of ROUTES) {
      expectProblem(
        await ask(`${route}?from=x&weeks=x`, undefined, other),
        409,
        'not_in_this_mode',
      );
      const unknown = await other.request('GET', `/analytics/${route}`);
      expectProblem(unknown, 401, 'unauthenticated');
    }
  });

  it('is possible with Postgres alone', async () => {
    const other = await startService({ ...stores, HISTORY_MODE: 'database' });
    for (const route of ROUTES) expect((await ask(route, undefined, other)).status).toBe(200);
  });
});
