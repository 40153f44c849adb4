import type { Locator, Page } from 'playwright-core';
import { ADMIN_TOKEN } from './admin.js';

/** The admin page as a person uses it. */
export class AdminPage {
  readonly status: Locator;
  readonly signInForm: Locator;

  constructor(readonly page: Page) {
    this.status = page.getByRole('status');
    this.signInForm = page.getByRole('button', { name: 'Sign in' });
  }

  async signIn(token = ADMIN_TOKEN): Promise<void> {
    await this.page.getByLabel('Token').fill(token);
    await this.page.keyboard.press('Enter');
  }

  /** The same, until the figures of the last 30 days are there. */
  async signInAndSee(): Promise<void> {
    await this.signIn();
    await this.page.getByText('Retention: users who came again').waitFor();
  }

  /** Waits until the tile of this name says this. */
  async tileSays(name: string, value: string): Promise<void> {
    const tile = this.page.locator('.tile', { has: this.page.getByText(name, { exact: true }) });
    await tile.getByText(value, { exact: true }).waitFor();
  }

  /** What the chart with this title draws: its labels, and each series by its name. */
  async drawn(title: string): Promise<Record<string, unknown[]>> {
    const canvas = this.page.locator('figure', { hasText: title }).first().locator('canvas');
    return canvas.evaluate((element) => {
      interface Drawn {
        labels: unknown[];
        datasets: { label: string; data: unknown[] }[];
      }
      const { Chart } = globalThis as unknown as {
        Chart: { getChart(element: unknown): { data: Drawn } };
      };
      const { labels, datasets } = Chart.getChart(element).data;
      const series = datasets.map(({ label, data }): [string, unknown[]] => [label, data]);
      return { labels, ...Object.fromEntries(series) };
    });
  }

  /** The figures beneath that chart, row by row. */
  async figures(title: string): Promise<string[][]> {
    const figure = this.page.locator('figure', { hasText: title }).first();
    await figure.getByText('Figures', { exact: true }).click();
    const rows = await figure.locator('tbody tr').all();
    return Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
  }

  /** How many colours a chart's picture has; one that is blank has a single one. */
  async coloursOf(title: string): Promise<number> {
    const canvas = this.page.locator('figure', { hasText: title }).first().locator('canvas');
    return canvas.evaluate((element) => {
      interface Canvas {
        width: number;
        height: number;
        getContext(kind: '2d'): {
          getImageData(x: number, y: number, width: number, height: number): { data: Uint8Array };
        };
      }
      const drawn = element as unknown as Canvas;
      const { data } = drawn.getContext('2d').getImageData(0, 0, drawn.width, drawn.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
  }
}
