import { expect, it } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { begin } from '../support/chats.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { TryItPage } from '../support/try-it-page.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService({ ...stores, ...JWT_VARIABLES });
const browser = openBrowser();

const visit = async (url: string, tolerates?: RegExp) =>
  new TryItPage((await browser.visit(url, { ...(tolerates && { tolerates }) })).page);

it('where users have tokens, one sees what was said on another device, and leaves nothing behind', async () => {
  const token = await tokenOf('a student');
  const headers = bearer(token);
  const { body } = await service.chat({ query: 'What is attention, on my phone?' }, headers);
  const chat = await visit(service.url, /404/);
  await chat.signIn(token);
  await chat.conversations.getByText('What is attention, on my phone?').click();
  await chat.shows(1, 'turn 1');
  await chat.askAndWait('And at my desk?');
  const path = `/conversations/${body.conversation_id}/turns`;
  const turns = await service.request<{ data: object[] }>('GET', path, { headers });
  expect(turns.body.data).toHaveLength(2);
  const kept = await chat.kept();
  for (const word of [token, 'phone', 'desk', 'arxiv']) expect(kept).not.toContain(word);
  await chat.page.reload();
  await chat.page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  expect(await chat.turns.count()).toBe(0);
  await chat.signIn(await tokenOf('another student'));
  // The tab still knows which conversation was open; by then the list has been read, too.
  await chat.page.getByText('There is no such conversation').waitFor();
  await chat.page.getByText('Your conversations appear here.').waitFor();
  expect(await chat.turns.count()).toBe(0);
  expect(await chat.page.locator('body').innerText()).not.toContain('phone');
});

it('asks for another token where this one is not valid', async () => {
  const chat = await visit(service.url, /401/);
  await chat.signIn('not-a-token');
  await chat.page.getByText('The token is not valid here').waitFor();
  await chat.page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  expect(await chat.page.getByLabel('Your question').isVisible()).toBe(false);
});

it('lists more conversations than fit on a page', async () => {
  const token = await tokenOf('a busy student');
  for (let number = 1; number <= 31; number++) {
    const { status } = await service.chat({ query: `Question ${number}?` }, bearer(token));
    expect(status).toBe(200);
  }
  const chat = await visit(service.url);
  await chat.signIn(token);
  await chat.conversations.getByText('Question 31?').waitFor();
  expect(await chat.conversations.count()).toBe(30);
  await chat.page.getByRole('button', { name: 'More' }).click();
  await chat.conversations.getByText('Question 1?', { exact: true }).waitFor();
  expect(await chat.conversations.count()).toBe(31);
});

it.each(['redis', 'database'])('HISTORY_MODE=%s: goes on after a reload', async (mode) => {
  const chat = await visit((await startService({ ...stores, HISTORY_MODE: mode })).url);
  await chat.askAndWait('What is machine learning?');
  await chat.askAndWait('Tell me more about that');
  await chat.page.reload();
  await chat.shows(2, 'turn 2');
  expect(await chat.turns.count()).toBe(2);
});

it('HISTORY_MODE=client: sends along what was said, and keeps it nowhere', async () => {
  const chat = await visit((await startService({ HISTORY_MODE: 'client' })).url);
  await chat.page.getByText('This service keeps nothing').waitFor();
  await chat.askAndWait('What is machine learning?');
  await chat.askAndWait('Tell me more about that');
  expect(await chat.answer(2)).toMatch(/machine learning/i);
  expect(await chat.kept()).toBe('[{},{}]');
  expect(await chat.incognito.isVisible()).toBe(false);
});

it('a conversation that is there no more leaves the list', async () => {
  const open = await startService(stores);
  const chat = await visit(open.url, /404/);
  await chat.askAndWait('What goes away?');
  const id = await chat.rememberedId();
  await begin(open);
  await open.request('DELETE', `/conversations/${id}`);
  await chat.page.reload();
  await chat.page.getByText('There is no such conversation').waitFor();
  await chat.page.getByText('Your conversations appear here.').waitFor();
  expect(await chat.kept()).not.toContain(id);
});
