import { afterEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/admin.js';
import { AdminPage } from '../support/admin-page.js';
import { openArchive } from '../support/archive.js';
import { DESKTOP, openBrowser, PHONE, seriousFindings } from '../support/browser.js';
import { begin } from '../support/chats.js';
import { OwnClient } from '../support/conversations.js';
import { archiveUse } from '../support/demo-use.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { TryItPage } from '../support/try-it-page.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService({ ...stores, ADMIN_TOKEN });
const withTokens = await startService({ ...stores, ...JWT_VARIABLES });
await archiveUse(await openArchive(database.url), Date.now());
const browser = openBrowser();

const screens = [
  { colorScheme: 'light', viewport: DESKTOP, on: 'a desk' },
  { colorScheme: 'dark', viewport: DESKTOP, on: 'a desk' },
  { colorScheme: 'light', viewport: PHONE, on: 'a phone' },
  { colorScheme: 'dark', viewport: PHONE, on: 'a phone' },
] as const;

describe.each(screens)('on $on, in $colorScheme', ({ colorScheme, viewport, on }) => {
  const isPhone = viewport === PHONE;
  const visit = async (url: string) =>
    (await browser.visit(url, { colorScheme, viewport, hasTouch: isPhone })).page;

  it('everybody can use the try-it page', async () => {
    const page = await visit(service.url);
    const chat = new TryItPage(page);
    expect(await seriousFindings(page)).toEqual([]);
    await chat.askAndWait('What is machine learning?');
    await chat.askAndWait('What is the longest word of them all, supercalifragilistic'.repeat(3));
    expect(await seriousFindings(page)).toEqual([]);
    if (isPhone) await page.getByRole('button', { name: 'Conversations' }).click();
    await page.getByRole('button', { name: /^Rename/ }).click();
    await page.getByLabel('New title').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    if (isPhone) await page.getByRole('button', { name: 'Conversations' }).click();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: /^Archive “/ }).click();
    await chat.toList('Archived');
    await page.getByRole('button', { name: /^Bring back/ }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  });

  it('everybody can use the admin page', async () => {
    const refuse = `alter table conversation_messages add constraint refused
      check (question not like '%refused%') not valid`;
    await database.query(refuse);
    await begin(service, 'This is refused');
    const page = await visit(`${service.url}/admin`);
    const admin = new AdminPage(page);
    await admin.tileSays('Service', 'healthy');
    expect(await seriousFindings(page)).toEqual([]);
    await admin.signInAndSee();
    await page.getByRole('button', { name: 'Sweep now' }).click();
    await page
      .getByRole('button', { name: /^Retry turn/ })
      .first()
      .waitFor();
    for (const figures of await page.getByText('Figures', { exact: true }).all()) {
      await figures.click();
    }
    expect(await seriousFindings(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  });

  it('everybody can sign in and search', async () => {
    const token = await tokenOf(`a student on ${on}, in ${colorScheme}`);
    const said = 'Where do zebras graze, and what has supercalifragilistic to do with it?';
    await new OwnClient(withTokens, bearer(token)).say(said);
    const page = await visit(withTokens.url);
    const chat = new TryItPage(page);
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await chat.signIn(token);
    await chat.isEmpty();
    if (isPhone) await page.getByRole('button', { name: 'Conversations' }).click();
    await chat.search.fill('zebras');
    await chat.hits.first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await chat.hits.first().click();
    await chat.shows(1, said);
    if (isPhone) await page.getByRole('button', { name: 'Conversations' }).click();
    await chat.hits.first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  });
});
afterEach(() =>
  database.query('alter table conversation_messages drop constraint if exists refused'),
);

describe('by keyboard alone', () => {
  const focused = (page: TryItPage['page']) =>
    page.evaluate<string>(
      `document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText`,
    );

  it('a conversation is asked, renamed and deleted', async () => {
    const { page } = await browser.visit(service.url);
    const chat = new TryItPage(page);
    await chat.isEmpty();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('To the question');
    await page.keyboard.press('Enter');
    await page.keyboard.type('What is machine learning?');
    await page.keyboard.press('Enter');
    await chat.shows(1, 'turn 1');
    await page.getByRole('button', { name: 'New conversation' }).focus();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Archived');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('What is machine learning?');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Basics');
    await page.keyboard.press('Enter');
    await chat.conversations.getByText('Basics').waitFor();
    await expect.poll(() => focused(page)).toBe('Rename “Basics”');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Archive “Basics”');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Delete “Basics”');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Your conversations appear here.').waitFor();
  });

  it('the conversations of a phone open and close', async () => {
    const { page } = await browser.visit(service.url, { viewport: PHONE });
    const menu = page.getByRole('button', { name: 'Conversations' });
    expect(await page.getByRole('button', { name: 'New conversation' }).isVisible()).toBe(false);
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'New conversation' }).waitFor();
    expect(await menu.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New conversation' }).waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('Conversations');
  });
});

/** By how much the page is wider than the screen. */
const overflow = (page: TryItPage['page']) =>
  page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
