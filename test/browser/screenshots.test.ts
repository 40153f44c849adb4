import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../../scripts/servers/machine-folder.mjs';
import { ADMIN_TOKEN } from '../support/admin.js';
import { AdminPage } from '../support/admin-page.js';
import { openArchive } from '../support/archive.js';
import { openBrowser } from '../support/browser.js';
import { archiveUse } from '../support/demo-use.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { TryItPage } from '../support/try-it-page.js';

// A README that loads for seconds is read by nobody.
const MAX_BYTES = 150_000;

// `npm run screenshots` keeps them.
const folder = process.env['SCREENSHOTS']
  ? join(PROJECT_FOLDER, process.env['SCREENSHOTS'])
  : await temporaryFolder();
await mkdir(folder, { recursive: true });

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService({ ...stores, ADMIN_TOKEN });
await archiveUse(await openArchive(database.url), Date.now());
const browser = openBrowser();

/** @returns its size in bytes. */
async function take(page: Page, name: string): Promise<number> {
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  return (await stat(path)).size;
}

// What was slow while everything was new is none of the 95 in 100.
const unkept = { query: 'What is attention?', meta_params: { is_incognito: true } };
for (let turn = 0; turn < 100; turn++) await service.chat(unkept);

it.each(['light', 'dark'] as const)('both pages are small pictures in %s', async (colorScheme) => {
  const { page } = await browser.visit(service.url, { colorScheme });
  const chat = new TryItPage(page);
  await chat.askAndWait('Who asked whether machines can think?');
  await page.getByRole('button', { name: 'New conversation' }).click();
  // The page draws with the next picture of the screen: until then the turns of before can still be counted.
  await chat.isEmpty();
  await chat.askAndWait('What is attention in a transformer?');
  await chat.askAndWait('Tell me more about that');
  await chat.conversations.nth(1).waitFor();
  expect(await take(page, `try-it-${colorScheme}`)).toBeLessThan(MAX_BYTES);
  const other = await browser.visit(`${service.url}/admin`, { colorScheme });
  await new AdminPage(other.page).signInAndSee();
  await other.page.getByRole('heading', { name: 'Now' }).scrollIntoViewIfNeeded();
  expect(await take(other.page, `admin-${colorScheme}`)).toBeLessThan(MAX_BYTES);
});
