import { afterEach, describe, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { createEngine, createProxy } from '../support/faults.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { toldAnswer } from '../support/told-answer.js';
import { TryItPage } from '../support/try-it-page.js';

const redis = await createRedis();
const database = await createDatabase();
const engine = await createEngine();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const service = await startService(stores);
const withModel = await startService({ ...stores, ...engine.variables });
const browser = openBrowser();

const visit = async (url: string) => new TryItPage((await browser.visit(url)).page);

// What a test that fails has not had told would be the answer of the next.
afterEach(() => engine.stub.forgetNext());

describe('the try-it page', () => {
  it('answers a first question and a follow-up, with links to the papers', async () => {
    const chat = await visit(service.url);
    await chat.page.getByRole('button', { name: 'What is machine learning?' }).click();
    await chat.shows(1, 'turn 1');
    const link = chat.turns.first().getByRole('list').getByRole('link').first();
    expect(await link.getAttribute('href')).toMatch(/^https:\/\//);
    expect(await link.getAttribute('rel')).toContain('noopener');
    await chat.askAndWait('Tell me more about that');
    await chat.shows(2, 'turn 2');
    expect(await chat.answer(2)).toMatch(/machine learning/i);
    expect(await chat.conversations.allInnerTexts()).toEqual(['What is machine learning?']);
    // The marks in the text lead to the same papers.
    const mark = chat.turns.first().getByRole('link', { name: /^Source \[1\]/ });
    expect(await mark.first().getAttribute('href')).toBe(await link.getAttribute('href'));
  });

  it('shows nothing to write in before anybody listens to it', async () => {
    const chat = await visit(service.url);
    await chat.isEmpty();
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await chat.page.route('**/settings.json', async (route) => {
      await held;
      await route.continue();
    });
    const asked = chat.page.waitForRequest('**/settings.json');
    const reloaded = chat.page.reload();
    await asked;
    expect(await chat.page.locator('#composer').isVisible()).toBe(false);
    expect(await chat.page.locator('#incognito-label').isVisible()).toBe(false);
    letGo();
    await reloaded;
    await chat.page.locator('#composer').waitFor();
    await chat.page.locator('#incognito-label').waitFor();
  });

  it('has a conversation and its papers still when it is reloaded', async () => {
    const chat = await visit(service.url);
    await chat.askAndWait('What is attention?');
    const [answer, links] = [
      await chat.answer(1),
      await chat.turns.first().getByRole('link').count(),
    ];
    await chat.page.reload();
    await chat.ended(1);
    expect(await chat.answer(1)).toBe(answer);
    expect(await chat.turns.first().getByRole('link').count()).toBe(links);
  });

  it('reads on in an answer when it is reloaded in its middle', async () => {
    const told = toldAnswer(engine);
    const chat = await visit(withModel.url);
    await chat.ask('What takes long?');
    told.say('The first half,');
    await chat.shows(1, 'The first half,');
    await chat.page.reload();
    await chat.shows(1, 'The first half,');
    await chat.shows(1, 'What takes long?');
    told.say(' and the second.');
    told.end();
    await chat.shows(1, 'turn 1');
    expect(await chat.answer(1)).toBe('The first half, and the second.');
    expect(await chat.turns.count()).toBe(1);
    expect(engine.callsFor('What takes long?')).toBe(1);
  });

  it.each([
    { when: 'while it runs', isBack: true },
    { when: 'and has ended meanwhile', isBack: false },
  ])('reads on in an answer whose connection was cut $when', async ({ isBack }) => {
    const link = await createProxy(withModel.url);
    const told = toldAnswer(engine);
    const { page } = await browser.visit(link.through(withModel.url), {
      tolerates: /ERR_CONNECTION_RESET/,
    });
    const chat = new TryItPage(page);
    const question = `What is cut ${isBack}?`;
    await chat.ask(question);
    told.say('Before,');
    await chat.shows(1, 'Before,');
    const back = page.waitForRequest(/chat\/stream\/.{36}$/);
    link.reset();
    // Its reply begins with what is said next.
    if (isBack) await back;
    told.say(' after.');
    told.end();
    await back;
    await chat.shows(1, 'turn 1');
    expect(await chat.answer(1)).toBe('Before, after.');
    expect(engine.callsFor(question)).toBe(1);
  });

  it('finds the answer of a conversation that was left in its middle', async () => {
    const chat = await visit(withModel.url);
    await chat.askAndWait('Another one?');
    const told = toldAnswer(engine);
    await chat.page.getByRole('button', { name: 'New conversation' }).click();
    await chat.ask('What is left?');
    told.say('It goes on');
    await chat.shows(1, 'It goes on');
    await chat.conversations.getByText('Another one?').click();
    await chat.shows(1, 'You asked: Another one?');
    await chat.conversations.getByText('What is left?').click();
    await chat.shows(1, 'It goes on');
    told.say(' without its reader.');
    told.end();
    await chat.shows(1, 'turn 1');
    expect(await chat.answer(1)).toBe('It goes on without its reader.');
  });

  it('stops an answer and keeps what was said', async () => {
    const told = toldAnswer(engine);
    const chat = await visit(withModel.url);
    await chat.ask('What never ends?');
    told.say('This much');
    await chat.shows(1, 'This much');
    await chat.stop.click();
    await chat.shows(1, 'stopped here · turn 1');
    told.end();
    expect(await chat.answer(1)).toBe('This much');
    await chat.page.reload();
    await chat.shows(1, 'stopped here');
    await chat.askAndWait('And then?');
    await chat.shows(2, 'I see 1 earlier turn.');
  });

  it('renames a conversation for good', async () => {
    const chat = await visit(service.url);
    await chat.askAndWait('What is a perceptron?');
    await chat.page.getByRole('button', { name: 'Rename “What is a perceptron?”' }).click();
    await chat.page.getByLabel('New title').fill('Old networks');
    await chat.page.keyboard.press('Enter');
    await chat.conversations.getByText('Old networks').waitFor();
    await chat.page.reload();
    await chat.page.getByRole('heading', { level: 2, name: 'Old networks', exact: true }).waitFor();
    const [row] = await database.query<{ title: string }>(
      `select title from conversation_sessions where title = 'Old networks'`,
    );
    expect(row).toBeDefined();
  });

  it('deletes a conversation in both stores, once that is confirmed', async () => {
    const chat = await visit(service.url);
    await chat.askAndWait('What is to be forgotten?');
    const id = await chat.rememberedId();
    const erase = chat.page.getByRole('button', { name: /^Delete “What is to be forgotten/ });
    await erase.click();
    await chat.page.getByRole('button', { name: 'Cancel' }).click();
    await chat.page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await chat.conversations.count()).toBe(1);
    expect((await service.request('GET', `/conversations/${id}`)).status).toBe(200);
    await erase.click();
    await chat.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await chat.page.getByText('Your conversations appear here.').waitFor();
    await chat.isEmpty();
    expect(await chat.kept()).not.toContain(id);
    expect((await service.request('GET', `/conversations/${id}`)).status).toBe(404);
  });

  it('answers incognito with what was said before, and leaves nothing anywhere', async () => {
    const countTurns = async () =>
      (await database.query('select 1 from conversation_messages')).length;
    const before = await countTurns();
    const chat = await visit(withModel.url);
    await chat.incognito.check();
    await chat.askAndWait('A canary, in secret?');
    await chat.shows(1, 'kept nowhere');
    await chat.askAndWait('And again?');
    await chat.shows(2, 'I see 1 earlier turn. The question before was: A canary, in secret?');
    const kept = await chat.kept();
    for (const word of ['canary', 'again', 'vaswani']) expect(kept).not.toContain(word);
    expect(await chat.conversations.count()).toBe(0);
    expect(await countTurns()).toBe(before);
    await chat.incognito.uncheck();
    await chat.isEmpty();
  });

  it('stops an incognito answer, too', async () => {
    const told = toldAnswer(engine);
    const chat = await visit(withModel.url);
    await chat.incognito.check();
    await chat.ask('What never ends in secret?');
    told.say('This much');
    await chat.shows(1, 'This much');
    await chat.stop.click();
    await chat.shows(1, 'stopped here');
    told.end();
    expect(await chat.answer(1)).toBe('This much');
  });

  it('shows markup in an answer and in a title as the text that it is', async () => {
    const told = toldAnswer(engine);
    const chat = await visit(withModel.url);
    const markup = '<img src=x onerror=alert(1)><b>bold</b>';
    await chat.ask(markup);
    told.say(markup);
    told.end();
    await chat.shows(1, 'turn 1');
    expect(await chat.answer(1)).toBe(markup);
    expect(await chat.page.locator('article img, article b, nav img, nav b').count()).toBe(0);
  });

  it('says what went wrong, and asks again without doubling anything', async () => {
    engine.stub.next({ kind: 'status', status: 400 });
    const chat = await visit(withModel.url);
    await chat.ask('What fails at first?');
    await chat.turns.first().getByRole('button', { name: 'Ask again' }).click();
    await chat.shows(1, 'You asked: What fails at first?');
    await chat.shows(1, 'turn 1');
    expect(await chat.conversations.allInnerTexts()).toEqual(['What fails at first?']);
    expect(await chat.turns.count()).toBe(1);
  });
});
