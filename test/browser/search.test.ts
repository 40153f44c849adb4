import { describe, expect, it } from 'vitest';
import { openBrowser, PHONE, type VisitOptions } from '../support/browser.js';
import { OwnClient } from '../support/conversations.js';
import { aKey } from '../support/encryption.js';
import { type Service, startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { TryItPage } from '../support/try-it-page.js';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService({ ...stores, ...JWT_VARIABLES });
const browser = openBrowser();

/** The page of a user who has asked these questions, each in a conversation of its own. */
async function visitAfter(user: string, questions: readonly string[], options: VisitOptions = {}) {
  const token = await tokenOf(user);
  const own = new OwnClient(service, bearer(token));
  for (const question of questions) await own.say(question);
  const chat = new TryItPage((await browser.visit(service.url, options)).page);
  await chat.signIn(token);
  const newest = questions.at(-1);
  if (newest !== undefined) await chat.conversations.getByText(newest).waitFor();
  return { chat, own, token };
}

const titles = ({ hits }: TryItPage) => hits.locator('.of').allInnerTexts();

describe('the search of the try-it page', () => {
  it('finds what was said, shows the words that were found, and opens the conversation', async () => {
    const questions = ['Where do zebras graze?', 'What is attention?', 'Why have zebras stripes?'];
    const { chat } = await visitAfter('ada', questions);
    await chat.search.fill('the stripes of a zebra');
    await chat.page.getByText('2 turns were found.').waitFor();
    expect(await titles(chat)).toEqual(['Why have zebras stripes?', 'Where do zebras graze?']);
    expect(await chat.hits.first().locator('mark').allInnerTexts()).toEqual(['zebras', 'stripes']);
    expect(await chat.conversations.first().isVisible()).toBe(false);
    await chat.hits.first().click();
    await chat.shows(1, 'turn 1');
    await chat.shows(1, 'Why have zebras stripes?');
    await chat.page.getByRole('heading', { level: 2, name: 'Why have zebras stripes?' }).waitFor();
    await chat.hits.last().click();
    await chat.shows(1, 'Where do zebras graze?');
    expect(await chat.turns.count()).toBe(1);
  });

  it('shows the turn that was found, however much was said after it', async () => {
    const { chat, own } = await visitAfter('bertha', []);
    const { id } = await own.say('What is said first?');
    await own.say('How tall is an okapi?', id);
    for (let turn = 3; turn <= 60; turn++) await own.say(`And number ${turn}?`, id);
    await chat.search.fill('okapi');
    await chat.hits.first().click();
    const turn = chat.page.locator('article.sought');
    await turn.getByText('How tall is an okapi?').waitFor();
    const log = await chat.page.getByRole('log').boundingBox();
    await expect.poll(async () => (await turn.boundingBox())!.y - log!.y).toBeCloseTo(0, -2);
    await chat.shows(60, 'turn 60');
    // The newest turns are read again where somebody asks for the conversation, and not for that turn.
    await chat.search.fill('');
    await chat.conversations.getByText('What is said first?').click();
    await chat.shows(50, 'turn 60');
    expect(await turn.count()).toBe(0);
  });

  it('finds a conversation that is archived, or on no page of the list that was read', async () => {
    const { chat, own } = await visitAfter('cleo', ['What do walruses eat?']);
    const { body } = await own.list();
    await own.change(body.data[0]!.conversation_id, { title: 'Tusks', is_archived: true });
    await chat.page.reload();
    await chat.signIn(await tokenOf('cleo'));
    await chat.page.getByText('Your conversations appear here.').waitFor();
    await chat.search.fill('walruses');
    await chat.hits.first().click();
    await chat.page.getByRole('heading', { level: 2, name: 'Tusks' }).waitFor();
    await chat.search.fill('');
    expect(await chat.conversations.count()).toBe(0);
    await chat.toList('Archived');
    expect(await chat.conversations.allInnerTexts()).toEqual(['Tusks']);
  });

  it('goes back to the list when the field is emptied, or by Escape', async () => {
    const { chat } = await visitAfter('dora', ['What is a lemur?']);
    await chat.search.fill('lemur');
    await chat.hits.first().waitFor();
    await chat.search.fill('');
    await chat.conversations.getByText('What is a lemur?').waitFor();
    expect(await chat.hits.count()).toBe(0);
    await chat.search.fill('unicorns');
    await chat.page.getByText('Nothing was found.').waitFor();
    await chat.page.keyboard.press('Escape');
    await chat.conversations.getByText('What is a lemur?').waitFor();
    expect(await chat.search.inputValue()).toBe('');
    expect(await chat.page.getByText('Nothing was found.').count()).toBe(0);
  });

  it('works by keyboard alone', async () => {
    const { chat } = await visitAfter('emmy', ['What is a narwhal?', 'What else?']);
    await chat.page.getByRole('button', { name: 'New conversation' }).focus();
    await chat.page.keyboard.press('Tab');
    await chat.page.keyboard.type('narwhal');
    await chat.page.keyboard.press('Enter');
    await chat.hits.first().waitFor();
    await chat.page.keyboard.press('Tab');
    await chat.page.keyboard.press('Enter');
    await chat.shows(1, 'What is a narwhal?');
    // Who looks through what was found is still there.
    expect(await chat.hits.first().evaluate((hit) => hit.matches(':focus'))).toBe(true);
    await chat.page.keyboard.press('Escape');
    await chat.conversations.getByText('What else?').waitFor();
    expect(await chat.search.evaluate((field) => field.matches(':focus'))).toBe(true);
  });

  it('is in the drawer of a phone, which closes over a hit and not when the search ends', async () => {
    const { chat, own, token } = await visitAfter('fanny', [], { viewport: PHONE });
    await own.say('What is a tapir?');
    await chat.page.reload();
    await chat.signIn(token);
    await chat.isEmpty();
    const menu = chat.page.getByRole('button', { name: 'Conversations' });
    await menu.click();
    await chat.search.fill('tapir');
    await chat.hits.first().waitFor();
    await chat.page.keyboard.press('Escape');
    await chat.conversations.getByText('What is a tapir?').waitFor();
    expect(await menu.getAttribute('aria-expanded')).toBe('true');
    await chat.search.fill('tapir');
    await chat.hits.first().click();
    await chat.shows(1, 'turn 1');
    expect(await menu.getAttribute('aria-expanded')).toBe('false');
    expect(await chat.search.isVisible()).toBe(false);
  });

  it('asks once for what is written in one go', async () => {
    const { chat } = await visitAfter('flora', ['What is a pangolin?']);
    const asked: string[] = [];
    chat.page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.endsWith('/search')) asked.push(searchParams.get('q')!);
    });
    await chat.page.clock.install();
    await chat.page.clock.pauseAt(Date.now() + 60_000);
    await chat.search.pressSequentially('pangolin');
    await chat.page.clock.runFor(1000);
    await chat.hits.first().waitFor();
    expect(asked).toEqual(['pangolin']);
  });

  it('never shows what other words have found, however late that comes', async () => {
    const { chat } = await visitAfter('greta', ['What is a quokka?', 'What is a numbat?']);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await chat.page.route(/search\?q=quokka/, async (route) => {
      await held;
      await route.continue().catch(() => undefined);
    });
    const asked = chat.page.waitForRequest(/q=quokka/);
    const givenUp = chat.page.waitForEvent('requestfailed', (each) => /q=quokka/.test(each.url()));
    await chat.search.fill('quokka');
    await asked;
    await chat.search.fill('numbat');
    await givenUp;
    letGo();
    await chat.page.getByText('1 turn was found.').waitFor();
    expect(await titles(chat)).toEqual(['What is a numbat?']);
  });

  it('shows no hit while it looks for other words', async () => {
    const { chat } = await visitAfter('hilda', ['What is a gnu?', 'What is an emu?']);
    await chat.search.fill('gnu');
    await chat.hits.first().waitFor();
    await chat.page.route(/search\?q=emu/, () => {});
    await chat.search.fill('emu');
    await chat.page.getByText('Searching…').waitFor();
    expect(await chat.hits.count()).toBe(0);
  });

  it('shows markup that was said as the text that it is', async () => {
    const said = `dodo? <img src=x onerror="alert('x')"> & <mark>this</mark>`;
    const { chat } = await visitAfter('ida', [said]);
    await chat.search.fill('dodo');
    const snippet = chat.hits.first().locator('.snippet');
    await snippet.waitFor();
    expect(await snippet.innerText()).toContain(said);
    expect(await snippet.locator('mark').allInnerTexts()).toEqual(['dodo']);
    expect(await chat.page.locator('nav img').count()).toBe(0);
  });

  it('says what went wrong, and finds it when that is over', async () => {
    const { chat } = await visitAfter('jane', ['What is a kiwi?'], { tolerates: /50[03]/ });
    await database.query('alter table conversation_messages rename to away');
    try {
      await chat.search.fill('kiwi');
      await chat.page.getByText('The search failed.').waitFor();
      expect(await chat.page.locator('#status').innerText()).not.toBe('');
    } finally {
      await database.query('alter table away rename to conversation_messages');
    }
    await chat.search.press('Enter');
    await chat.hits.first().waitFor();
    expect(await chat.page.locator('#status').innerText()).toBe('');
  });

  it('leaves nothing for who signs in next', async () => {
    const { chat } = await visitAfter('karen', ['What is a secret axolotl?']);
    await chat.search.fill('axolotl');
    await chat.hits.first().waitFor();
    await chat.page.getByRole('button', { name: 'Sign out' }).click();
    await chat.page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    expect(await chat.search.isVisible()).toBe(false);
    await chat.signIn(await tokenOf('laura'));
    await chat.search.waitFor();
    expect(await chat.search.inputValue()).toBe('');
    expect(await chat.page.locator('body').innerText()).not.toContain('axolotl');
  });
});

describe('where the service cannot search, the page offers no search', () => {
  const offered = async ({ url }: Service, token: string | null) => {
    const chat = new TryItPage((await browser.visit(url)).page);
    if (token !== null) await chat.signIn(token);
    await chat.isEmpty();
    return chat.search.isVisible();
  };

  it.each([
    { where: 'where nobody signs in', variables: stores, signsIn: false },
    { where: 'in client mode', variables: { HISTORY_MODE: 'client' }, signsIn: false },
    {
      where: 'in redis mode',
      variables: { ...stores, ...JWT_VARIABLES, HISTORY_MODE: 'redis' },
      signsIn: true,
    },
    {
      where: 'over sealed contents',
      variables: { ...stores, ...JWT_VARIABLES, ENCRYPTION_KEYS: aKey('k1') },
      signsIn: true,
    },
  ])('$where', async ({ variables, signsIn }) => {
    const token = signsIn ? await tokenOf('mary') : null;
    expect(await offered(await startService(variables), token)).toBe(false);
  });

  it('but where it can, it does', async () => {
    const variables = { ...stores, ...JWT_VARIABLES, HISTORY_MODE: 'database' };
    expect(await offered(await startService(variables), await tokenOf('nina'))).toBe(true);
  });
});
