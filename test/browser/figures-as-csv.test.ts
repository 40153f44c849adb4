import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { AdminPage } from '../support/admin-page.js';
import { openArchive } from '../support/archive.js';
import { openBrowser } from '../support/browser.js';
import { archiveUse } from '../support/demo-use.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService({ ...stores, ADMIN_TOKEN });
const nowMs = Date.now();
await archiveUse(await openArchive(database.url), nowMs);
const browser = openBrowser();

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const from = day(nowMs - 29 * 86_400_000);
const range = `from=${from}&to=${day(nowMs + 86_400_000)}`;

const visit = async (tolerates?: RegExp) => {
  const options = { ...(tolerates && { tolerates }) };
  const admin = new AdminPage((await browser.visit(`${service.url}/admin`, options)).page);
  await admin.signInAndSee();
  return admin;
};
const csvButton = ({ page }: AdminPage, title: string) =>
  page.getByRole('button', { name: `CSV: ${title}` });

it.each([
  { title: 'Use', route: `usage?${range}&bucket=day`, file: `usage-since-${from}.csv` },
  {
    title: 'Latency of answers',
    route: `usage?${range}&bucket=day`,
    file: `usage-since-${from}.csv`,
  },
  { title: 'Tokens', route: `usage?${range}&bucket=day`, file: `usage-since-${from}.csv` },
  {
    title: 'Topics',
    route: `topics?${range}&limit=12`,
    file: `topics-by-sources-since-${from}.csv`,
  },
  {
    title: 'Turns by hour of the week',
    route: `usage?${range}&bucket=hour_of_week`,
    file: `hours-of-week-since-${from}.csv`,
  },
  { title: 'Retention', route: 'retention', file: 'retention.csv' },
])('saves the figures of $title as CSV', async ({ title, route, file }) => {
  const admin = await visit();
  const button = csvButton(admin, title);
  const saved = admin.page.waitForEvent('download');
  await button.focus();
  await admin.page.keyboard.press('Enter');
  const download = await saved;
  expect(download.suggestedFilename()).toBe(file);
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, accept: 'text/csv' };
  const reply = await fetch(`${service.url}/analytics/${route}`, { headers });
  const text = await reply.text();
  expect(text.split('\r\n').length).toBeGreaterThan(3);
  expect(await readFile(await download.path(), 'utf8')).toBe(text);
  expect(await admin.status.isVisible()).toBe(false);
});

it('follows the range that is shown', async () => {
  const admin = await visit();
  await admin.page.getByLabel('Last', { exact: true }).selectOption('7 days');
  await expect.poll(async () => (await admin.drawn('Use'))['labels']!.length).toBe(7);
  const saved = admin.page.waitForEvent('download');
  await csvButton(admin, 'Use').click();
  const lines = (await readFile(await (await saved).path(), 'utf8')).trimEnd().split('\r\n');
  expect(lines).toHaveLength(1 + 7);
});

it('says why there is no file', async () => {
  const admin = await visit(/50[03]/);
  await database.query('alter table conversation_messages rename to away');
  try {
    await csvButton(admin, 'Topics').click();
    await expect.poll(() => admin.status.innerText()).not.toBe('');
    expect(await csvButton(admin, 'Topics').isVisible()).toBe(true);
  } finally {
    await database.query('alter table away rename to conversation_messages');
  }
});

it('asks for another token where the one that is in use is not valid any more', async () => {
  const admin = await visit(/401/);
  await admin.page.route('**/analytics/retention', (route) => {
    const { accept } = route.request().headers();
    const headers = { authorization: 'Bearer a-token-of-before', accept: accept! };
    return route.continue({ headers });
  });
  await csvButton(admin, 'Retention').click();
  await admin.status.getByText('The token is not valid here').waitFor();
  await admin.signInForm.waitFor();
  expect(await csvButton(admin, 'Retention').isVisible()).toBe(false);
});
