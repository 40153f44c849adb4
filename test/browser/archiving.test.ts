import { describe, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { OwnClient } from '../support/conversations.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { TryItPage } from '../support/try-it-page.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const open = await startService(stores);
const withTokens = await startService({ ...stores, ...JWT_VARIABLES });
const browser = openBrowser();

const visit = async (url: string, tolerates?: RegExp) =>
  new TryItPage((await browser.visit(url, { ...(tolerates && { tolerates }) })).page);

const button = ({ page }: TryItPage, act: 'Archive' | 'Bring back', title: string) =>
  page.getByRole('button', { name: `${act} “${title}”` });

/** Waits until the list that is shown has these titles. */
async function expectListed(chat: TryItPage, titles: readonly string[]): Promise<void> {
  await expect.poll(() => chat.conversations.allInnerTexts()).toEqual(titles);
}

const expectFocus = (chat: TryItPage, act: 'Archive' | 'Bring back', title: string) =>
  button(chat, act, title).and(chat.page.locator(':focus')).waitFor();

/** Asks each in a conversation of its own. */
async function askEach(chat: TryItPage, questions: readonly string[]): Promise<void> {
  for (const question of questions) {
    await chat.page.getByRole('button', { name: 'New conversation' }).click();
    await chat.isEmpty();
    await chat.askAndWait(question);
  }
}

describe.each(['hybrid', 'redis', 'database'])('nobody signs in, HISTORY_MODE=%s', async (mode) => {
  const service = await startService({ ...stores, HISTORY_MODE: mode });
  const isArchived = async (id: string) => {
    const { body } = await service.request<{ is_archived: boolean }>('GET', `/conversations/${id}`);
    return body.is_archived;
  };

  it('a conversation is archived, and brought back', async () => {
    const chat = await visit(service.url);
    await askEach(chat, ['What stays?', 'What is put away?']);
    const id = await chat.rememberedId();
    await button(chat, 'Archive', 'What is put away?').click();
    await expectListed(chat, ['What stays?']);
    expect(await isArchived(id)).toBe(true);
    // It is still open: archiving puts away, and ends nothing.
    await chat.shows(1, 'What is put away?');
    await chat.page.reload();
    await expectListed(chat, ['What stays?']);
    await chat.page
      .getByRole('heading', { level: 2, name: 'What is put away?', exact: true })
      .waitFor();
    await chat.toList('Archived');
    await expectListed(chat, ['What is put away?']);
    await button(chat, 'Bring back', 'What is put away?').click();
    await chat.page.getByText('None is archived.').waitFor();
    expect(await isArchived(id)).toBe(false);
    await chat.toList('Conversations');
    await expectListed(chat, ['What is put away?', 'What stays?']);
  });

  it('the next turn brings one back', async () => {
    const chat = await visit(service.url);
    await askEach(chat, ['What goes on?']);
    await button(chat, 'Archive', 'What goes on?').click();
    await chat.toList('Archived');
    await chat.conversations.getByText('What goes on?').click();
    await chat.shows(1, 'turn 1');
    await chat.askAndWait('And then?');
    await chat.page.getByText('None is archived.').waitFor();
    await chat.toList('Conversations');
    await expectListed(chat, ['What goes on?']);
    await expect.poll(async () => isArchived(await chat.rememberedId())).toBe(false);
  });
});

describe('archived conversations', () => {
  it('are the same on all devices of a user', async () => {
    const token = await tokenOf('a tidy student');
    const own = new OwnClient(withTokens, bearer(token));
    const { id } = await own.say('What was put away on my phone?');
    await own.change(id, { is_archived: true });
    const other = await own.say('What is to be put away here?');
    const chat = await visit(withTokens.url);
    await chat.signIn(token);
    await expectListed(chat, ['What is to be put away here?']);
    await button(chat, 'Archive', 'What is to be put away here?').click();
    await chat.page.getByText('Your conversations appear here.').waitFor();
    const { body } = await own.list('?archived=true');
    const ids = body.data.map((each) => each.conversation_id);
    expect(ids.toSorted()).toEqual([id, other.id].toSorted());
    await chat.toList('Archived');
    await expectListed(chat, ['What is to be put away here?', 'What was put away on my phone?']);
    await button(chat, 'Bring back', 'What was put away on my phone?').click();
    await expectListed(chat, ['What is to be put away here?']);
    expect((await own.read(id)).body.is_archived).toBe(false);
  });

  it('may be more than fit on a page', async () => {
    const token = await tokenOf('a student of old');
    const own = new OwnClient(withTokens, bearer(token));
    for (let number = 1; number <= 31; number++) {
      const { id } = await own.say(`Question ${number}?`);
      await own.change(id, { is_archived: true });
    }
    const chat = await visit(withTokens.url);
    await chat.signIn(token);
    await chat.page.getByText('Your conversations appear here.').waitFor();
    await chat.toList('Archived');
    await chat.conversations.getByText('Question 31?').waitFor();
    expect(await chat.conversations.count()).toBe(30);
    await chat.page.getByRole('button', { name: 'More' }).click();
    await chat.conversations.getByText('Question 1?', { exact: true }).waitFor();
    expect(await chat.conversations.count()).toBe(31);
  });

  it('are put away and brought back by keyboard, one after the other', async () => {
    const chat = await visit(open.url);
    await askEach(chat, ['One?', 'Two?', 'Three?']);
    await button(chat, 'Archive', 'Two?').focus();
    await chat.page.keyboard.press('Enter');
    await expectFocus(chat, 'Archive', 'One?');
    await chat.page.keyboard.press('Enter');
    await expectFocus(chat, 'Archive', 'Three?');
    await chat.page.keyboard.press('Enter');
    const toArchived = chat.page.getByRole('button', { name: 'Archived', exact: true });
    await toArchived.and(chat.page.locator(':focus')).waitFor();
    await chat.page.keyboard.press('Enter');
    await expectListed(chat, ['Three?', 'One?', 'Two?']);
    await button(chat, 'Bring back', 'Three?').focus();
    await chat.page.keyboard.press('Enter');
    await expectFocus(chat, 'Bring back', 'One?');
  });

  it('leave the list with a word where they are there no more, and take no other one along', async () => {
    const chat = await visit(open.url, /404/);
    await askEach(chat, ['What goes away?']);
    await open.request('DELETE', `/conversations/${await chat.rememberedId()}`);
    await askEach(chat, ['What is open?']);
    await button(chat, 'Archive', 'What goes away?').click();
    await chat.page.getByText('There is no such conversation').waitFor();
    await expectListed(chat, ['What is open?']);
  });

  it('stay where they are while the service cannot write', async () => {
    const chat = await visit(open.url, /50[03]/);
    await askEach(chat, ['What stays here?']);
    await database.query('alter table conversation_sessions rename to away');
    try {
      await button(chat, 'Archive', 'What stays here?').click();
      await expect.poll(() => chat.page.locator('#status').innerText()).not.toBe('');
      await expectListed(chat, ['What stays here?']);
    } finally {
      await database.query('alter table away rename to conversation_sessions');
    }
  });

  it('are not offered where nothing is kept', async () => {
    const chat = await visit((await startService({ HISTORY_MODE: 'client' })).url);
    await chat.askAndWait('What is machine learning?');
    const toArchived = chat.page.getByRole('button', { name: 'Archived', exact: true });
    expect(await toArchived.isVisible()).toBe(false);
    expect(await button(chat, 'Archive', 'What is machine learning?').count()).toBe(0);
  });
});
