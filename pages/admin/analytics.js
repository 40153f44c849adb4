import { element, fill } from '../shared/elements.js';
import { describe, Problem } from '../shared/http.js';
import { hoursPanel } from './hours.js';
import { panel } from './panel.js';
import { retentionPanel } from './retention.js';
import { topicsChart } from './topics.js';
import { usageCharts } from './usage.js';

/** @typedef {{ figure: HTMLElement, draw: () => any }} Drawable */

const DAY_MS = 86_400_000;

/** How the service is used, over the last days. */
export class Analytics {
  /** @type {any[]} */
  #charts = [];
  /** @type {Drawable[]} */
  #drawables = [];
  #loads = 0;
  #root;
  #save;

  /** @param {Element} root @param {import('./csv.js').Save} save */
  constructor(root, save) {
    this.#root = root;
    this.#save = save;
    // Charts have the colours of when they were drawn.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  /** @param {{ days: number, topicsBy: import('./topics.js').By }} wanted @param {number} nowMs */
  async load({ days, topicsBy }, nowMs) {
    const load = ++this.#loads;
    // Whole days, as the service counts them: the first one and today.
    const range = { from: dayOf(nowMs - (days - 1) * DAY_MS), to: dayOf(nowMs + DAY_MS) };
    const parts = await Promise.all([
      orPlainly('Use, latency, tokens', usageCharts(range, this.#save)),
      orPlainly('Topics', topicsChart(range, topicsBy, this.#save)),
      orPlainly('Hours', hoursPanel(range, this.#save)),
      orPlainly('Retention', retentionPanel(this.#save)),
    ]);
    // Something else is wanted by now.
    if (load !== this.#loads) return;
    const shown = parts.flat();
    this.#drawables = shown.filter((each) => 'draw' in each);
    fill(this.#root, ...shown.map((each) => ('draw' in each ? each.figure : each)));
    this.#draw();
  }

  /** Shows nothing any more, nor what is under way. */
  clear() {
    this.#loads++;
    this.#drawables = [];
    this.#draw();
    fill(this.#root);
  }

  #draw() {
    for (const each of this.#charts) each.destroy();
    this.#charts = this.#drawables.map(({ draw }) => draw());
  }
}

/** @param {number} ms */
const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/**
 * What cannot be had is missed in its place, with the reason.
 * @template T
 * @param {string} title
 * @param {Promise<T>} made
 */
async function orPlainly(title, made) {
  try {
    return await made;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const reason = error.status === 404 ? '' : ` ${describe(error)}`;
    return panel(title, element('p', {}, `Not available here.${reason}`));
  }
}
