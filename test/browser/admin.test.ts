import { beforeAll, describe, expect, it } from 'vitest';
import type { BucketUsageDto, CohortDto, TopicDto } from '../../src/analytics/analytics.dto.js';
import { ADMIN_TOKEN } from '../support/admin.js';
import { AdminPage } from '../support/admin-page.js';
import { openArchive } from '../support/archive.js';
import { openBrowser } from '../support/browser.js';
import { begin } from '../support/chats.js';
import { archiveUse } from '../support/demo-use.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
// A sweep of the schedule would do what a test wants to see done by a button.
const unsyncing = { AUTO_SYNC_TO_DB: 'false', SYNC_INTERVAL: '43200' };
const service = await startService({ ...stores, ...unsyncing, ADMIN_TOKEN });
const archive = await openArchive(database.url);
const browser = openBrowser();

const visit = async (url = service.url, tolerates?: RegExp) => {
  const options = { ...(tolerates && { tolerates }) };
  return new AdminPage((await browser.visit(`${url}/admin`, options)).page);
};
const ask = async <Body>(path: string) => {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return (await service.request<Body>('GET', path, { headers })).body;
};

describe('the admin page', () => {
  it('shows the live state to everybody, and asks for a token before anything else', async () => {
    const admin = await visit();
    await admin.tileSays('Service', 'healthy');
    await admin.tileSays('Redis', 'up');
    expect(await admin.page.getByText('There are none.').count()).toBe(0);
    expect(await admin.page.getByRole('button', { name: 'Sweep now' }).isVisible()).toBe(false);
    await admin.signIn();
    await admin.page.getByRole('button', { name: 'Sweep now' }).waitFor();
  });

  it('keeps the token nowhere', async () => {
    const admin = await visit();
    await admin.signIn();
    await admin.page.getByRole('button', { name: 'Sweep now' }).waitFor();
    const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])';
    expect(await admin.page.evaluate(kept)).toBe('[{},{},""]');
    expect(await admin.page.locator('input').evaluateAll((all) => all.length)).toBe(1);
    expect(await admin.page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    await admin.page.reload();
    await admin.signInForm.waitFor();
  });

  it('shows nothing to a token that is not an administrator’s', async () => {
    const admin = await visit(service.url, /401/);
    await admin.signIn('a-wrong-token');
    await admin.status.getByText('The token is not valid here').waitFor();
    await admin.signInForm.waitFor();
    expect(await admin.page.getByRole('button', { name: 'Sweep now' }).isVisible()).toBe(false);
  });

  it('says what to set where nobody is an administrator', async () => {
    const open = await startService({ ...stores, ...unsyncing });
    const admin = await visit(open.url);
    await admin.page.getByText('to sweep, to see dead letters').waitFor();
    await admin.tileSays('Answer engine', 'up');
    expect(await admin.signInForm.isVisible()).toBe(false);
  });

  it('shows what is dirty, and sweeps it', async () => {
    const { conversation_id: id } = await begin(service);
    const admin = await visit();
    await admin.tileSays('Dirty', '1');
    await admin.signIn();
    await admin.tileSays('Unsynced', '1');
    await admin.page.getByRole('button', { name: 'Sweep now' }).click();
    await admin.status.getByText('Swept 1 turn of 1 conversation in').waitFor();
    await admin.tileSays('Dirty', '0');
    await admin.tileSays('Unsynced', '0');
    const turns = 'select 1 from conversation_messages where conversation_id = $1';
    expect(await database.query(turns, [id])).toHaveLength(1);
  });

  it('shows dead letters, never their contents, and retries them', async () => {
    const constraint = `alter table conversation_messages add constraint refused
      check (question not like '%forbidden%') not valid`;
    await database.query(constraint);
    const { turn_id: turnId } = await begin(service, 'Something forbidden?');
    const admin = await visit();
    await admin.signIn();
    await admin.page.getByRole('button', { name: 'Sweep now' }).click();
    const retry = admin.page.getByRole('button', { name: `Retry turn ${turnId}` });
    await retry.waitFor();
    await admin.tileSays('Dead letters', '1');
    expect(await admin.page.locator('body').innerText()).not.toContain('forbidden');
    await retry.click();
    await admin.status.getByText('Postgres refused it again.').waitFor();
    await database.query('alter table conversation_messages drop constraint refused');
    await retry.click();
    await admin.status.getByText('It is archived as turn 1.').waitFor();
    await admin.page.getByText('There are none.').waitFor();
    await admin.tileSays('Dead letters', '0');
  });

  it('shows in redis mode what there is, and offers nothing that there is not', async () => {
    const variables = { HISTORY_MODE: 'redis', REDIS_URL: redis.url, ADMIN_TOKEN };
    const admin = await visit((await startService(variables)).url);
    await admin.signIn();
    await admin.tileSays('Answer engine', 'up');
    for (const name of ['Now', 'Dead letters', 'Use']) {
      const heading = admin.page.getByRole('heading', { name, includeHidden: true, exact: true });
      expect(await heading.isVisible()).toBe(name === 'Now');
    }
  });
});

describe('the charts', () => {
  const nowMs = Date.now();
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = `from=${day(nowMs - 29 * 86_400_000)}&to=${day(nowMs + 86_400_000)}`;
  beforeAll(() => archiveUse(archive, nowMs));

  it('draw the figures that the database gives', async () => {
    const admin = await visit();
    await admin.signInAndSee();
    const usage = await ask<BucketUsageDto[]>(`/analytics/usage?${range}&bucket=day`);
    expect(usage).toHaveLength(30);
    const use = await admin.drawn('Use');
    expect(use).toEqual({
      labels: usage.map(({ start }) => start.slice(0, 10)),
      turns: usage.map(({ turns }) => turns),
      conversations: usage.map(({ conversations }) => conversations),
      'active users': usage.map((each) => each.active_users),
    });
    const sum = (use['turns'] as number[]).reduce((all, each) => all + each, 0);
    const [counted] = await database.query<{ turns: number }>(
      `select count(*)::integer as turns from conversation_messages
        where timestamp > now() - interval '29 days'`,
    );
    expect(sum).toBe(counted!.turns);
    expect(sum).toBeGreaterThan(50);
    expect(await admin.drawn('Latency of answers')).toMatchObject({
      median: usage.map((each) => each.p50_latency_ms),
      '95th percentile': usage.map((each) => each.p95_latency_ms),
    });
    expect(await admin.drawn('Tokens')).toMatchObject({
      'in prompts': usage.map((each) => each.prompt_tokens),
      'in answers': usage.map((each) => each.completion_tokens),
    });
    const topics = await ask<TopicDto[]>(`/analytics/topics?${range}&limit=12`);
    expect(topics.length).toBeGreaterThan(1);
    expect(await admin.drawn('Topics')).toEqual({
      labels: topics.map(({ topic }) => topic),
      turns: topics.map(({ turns }) => turns),
      users: topics.map(({ users }) => users),
    });
    for (const title of ['Use', 'Latency of answers', 'Tokens', 'Topics']) {
      expect(await admin.coloursOf(title)).toBeGreaterThan(5);
    }
  });

  it('have the same figures in a table for whoever does not see them', async () => {
    const admin = await visit();
    await admin.signInAndSee();
    const topics = await ask<TopicDto[]>(`/analytics/topics?${range}&limit=12`);
    expect(await admin.figures('Topics')).toEqual(
      topics.map(({ topic, turns, users }) => [topic, String(turns), String(users)]),
    );
  });

  it('show who came again', async () => {
    const admin = await visit();
    await admin.signInAndSee();
    const cohorts = (await ask<CohortDto[]>('/analytics/retention')).filter(({ users }) => users);
    const rows = await admin.page.locator('table.cohorts tbody tr').all();
    const shown = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
    expect(shown).toEqual(
      cohorts.map(({ week, users, active }) => [
        week,
        String(users),
        ...active.map((count) => `${Math.round((100 * count) / users)} %`),
      ]),
    );
    expect(shown.length).toBeGreaterThan(1);
  });

  it('follow the range, and the colours of the screen', async () => {
    const admin = await visit();
    await admin.signInAndSee();
    await admin.page.getByLabel('Last', { exact: true }).selectOption('7 days');
    await expect.poll(async () => (await admin.drawn('Use'))['labels']!.length).toBe(7);
    const colour = () =>
      admin.page.evaluate<string>(
        `Chart.getChart(document.querySelector('canvas')).data.datasets[0].borderColor`,
      );
    const light = await colour();
    await admin.page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(colour).not.toBe(light);
  });

  it('say plainly where there are none', async () => {
    await database.query('alter table conversation_messages rename to away');
    try {
      const admin = await visit(service.url, /50[03]/);
      await admin.signIn();
      await admin.page.getByText('Not available here').first().waitFor();
      expect(await admin.page.locator('canvas').count()).toBe(0);
    } finally {
      await database.query('alter table away rename to conversation_messages');
    }
  });
});
