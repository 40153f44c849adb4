import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import type { TopicDto } from '../../src/analytics/analytics.dto.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { AdminPage } from '../support/admin-page.js';
import { openBrowser, PHONE, seriousFindings, type VisitOptions } from '../support/browser.js';
import { OwnClient } from '../support/conversations.js';
import { aKey } from '../support/encryption.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const variables = { ...stores, ...JWT_VARIABLES, ADMIN_TOKEN, ENCRYPTION_KEYS: aKey('k1') };
const service = await startService({ ...variables, ANALYTICS_TOPICS: 'keywords' });
const browser = openBrowser();

const BY_PAPER = 'Topics, by cited paper';
const BY_WORDS = 'Topics, by words of questions';

const visit = async (url = service.url, options: VisitOptions = {}) => {
  const admin = new AdminPage((await browser.visit(`${url}/admin`, options)).page);
  await admin.signInAndSee();
  return admin;
};
const choice = ({ page }: AdminPage) => page.getByLabel('Topics by');

beforeAll(async () => {
  for (let user = 1; user <= 5; user++) {
    const own = new OwnClient(service, bearer(await tokenOf(`user ${user}`)));
    await own.say('What is a neural network?');
  }
  await sweepNow(service);
});

it('topics are told by papers, or by words of the questions', async () => {
  const admin = await visit();
  await admin.page.getByText(BY_PAPER).waitFor();
  await choice(admin).selectOption('keywords');
  await admin.page.getByText(BY_WORDS).waitFor();
  const { body } = await service.request<TopicDto[]>('GET', '/analytics/topics?by=keywords', {
    headers: bearer(ADMIN_TOKEN),
  });
  expect(body).toContainEqual({ topic: 'neural network', turns: 5, users: 5 });
  expect(await admin.drawn(BY_WORDS)).toEqual({
    labels: body.map(({ topic }) => topic),
    turns: body.map(({ turns }) => turns),
    users: body.map(({ users }) => users),
  });
  const saved = admin.page.waitForEvent('download');
  await admin.page.getByRole('button', { name: `CSV: ${BY_WORDS}` }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/^topics-by-keywords-since-/);
  expect(await readFile(await download.path(), 'utf8')).toContain('neural network,5,5');
  await choice(admin).selectOption('sources');
  await admin.page.getByText(BY_PAPER).waitFor();
});

it('the choice can be made on a phone', async () => {
  const admin = await visit(service.url, { viewport: PHONE, hasTouch: true });
  expect(await choice(admin).isVisible()).toBe(true);
  expect(await seriousFindings(admin.page)).toEqual([]);
  const tooWide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await admin.page.evaluate(tooWide)).toBe(0);
});

it('what was chosen before is not shown, however late it comes', async () => {
  const admin = await visit();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await admin.page.route(/by=keywords/, async (route) => {
    await held;
    await route.continue();
  });
  const asked = admin.page.waitForRequest(/by=keywords/);
  const answered = admin.page.waitForResponse(/by=keywords/);
  await choice(admin).selectOption('keywords');
  await asked;
  const again = admin.page.waitForResponse(/by=sources/);
  await choice(admin).selectOption('sources');
  await again;
  letGo();
  await (await answered).finished();
  // What the page asks from now on is answered after that.
  await admin.page.evaluate(`fetch('/health/live').then((reply) => reply.text())`);
  expect(await admin.page.getByText(BY_WORDS).count()).toBe(0);
  await admin.page.getByText(BY_PAPER).waitFor();
});

it('there is no choice where words are not counted', async () => {
  const admin = await visit((await startService(variables)).url);
  expect(await choice(admin).isVisible()).toBe(false);
  await admin.page.getByText(BY_PAPER).waitFor();
});
