import type { Locator, Page } from 'playwright-core';

/** The try-it page as a person uses it. */
export class TryItPage {
  readonly turns: Locator;
  readonly conversations: Locator;
  readonly incognito: Locator;
  readonly stop: Locator;
  readonly search: Locator;
  readonly hits: Locator;

  constructor(readonly page: Page) {
    this.turns = page.getByRole('article');
    this.conversations = page.getByRole('navigation').locator('button.title');
    this.incognito = page.getByRole('switch', { name: 'Incognito' });
    this.stop = page.getByRole('button', { name: 'Stop' });
    this.search = page.getByRole('searchbox', { name: 'Search what was said' });
    this.hits = page.getByRole('navigation').locator('button.hit');
  }

  /** Signs in, where users have tokens. */
  async signIn(token: string): Promise<void> {
    await this.page.getByLabel('Token').fill(token);
    await this.page.keyboard.press('Enter');
  }

  /** Writes a question and sends it. */
  async ask(question: string): Promise<void> {
    await this.page.getByLabel('Your question').fill(question);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the nth turn, from 1, has this in it. */
  async shows(turn: number, text: string): Promise<void> {
    await this.turns
      .nth(turn - 1)
      .getByText(text)
      .first()
      .waitFor();
  }

  /** Asks, and waits until the turn has ended. */
  async askAndWait(question: string): Promise<void> {
    const before = await this.turns.count();
    await this.ask(question);
    await this.ended(before + 1);
  }

  /** Waits until the nth turn, from 1, is answered to its end. */
  async ended(turn: number): Promise<void> {
    await this.turns
      .nth(turn - 1)
      .and(this.page.locator('[aria-busy="false"]'))
      .waitFor();
  }

  /** Waits until there is no turn, and the page offers to begin. */
  async isEmpty(): Promise<void> {
    await this.page.getByText('Ask something. The next question').waitFor();
    await this.turns.first().waitFor({ state: 'detached' });
  }

  answer(turn: number): Promise<string> {
    return this.turns
      .nth(turn - 1)
      .locator('.answer')
      .innerText();
  }

  /** Shows the other list: of archived conversations, or of all others again. */
  async toList(name: 'Archived' | 'Conversations'): Promise<void> {
    const button = name === 'Archived' ? 'Archived' : 'Back';
    await this.page.getByRole('button', { name: button, exact: true }).click();
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
  }

  /** The id of the newest conversation that the page remembers in the browser. */
  async rememberedId(): Promise<string> {
    const [, id] = /"id\W+([0-9a-f-]{36})/.exec(await this.kept())!;
    return id!;
  }

  /** All that the page has left in the browser. */
  kept(): Promise<string> {
    return this.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
  }
}
