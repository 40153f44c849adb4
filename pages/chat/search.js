import { byId, element, fill } from '../shared/elements.js';
import { callJson } from '../shared/http.js';
import { UNTITLED } from './conversations.js';
import { partsOf } from './snippet.js';

/** @typedef {{ conversation_id: string, turn_id: string, seq: number, title: string | null, snippet: string }} Hit */

// Longer than between two letters, shorter than it takes to wonder.
const PAUSE_MS = 250;
const MOST_HITS = 30;

/**
 * @typedef {object} SearchActs
 * @property {(hit: Hit) => void} open
 * @property {(act: () => Promise<void>) => Promise<void>} attempt does it, and says what went wrong
 */

/** Finds turns by words in them. While there are words in the field, what they find is in the place of the lists. */
export class Search {
  #form = byId('search', HTMLFormElement);
  #field = byId('search-field', HTMLInputElement);
  #found = byId('found', HTMLElement);
  #hits = byId('hits', HTMLUListElement);
  #lists = byId('lists', HTMLElement);
  #acts;
  /** What the words that stand there now are waiting for. */
  #waiting = new AbortController();

  /** @param {SearchActs} acts */
  constructor(acts) {
    this.#acts = acts;
    this.#field.addEventListener('input', () => this.#plan(PAUSE_MS));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#plan(0);
    });
    /** @type {HTMLElement[]} */
    const parts = [this.#form, this.#hits];
    for (const part of parts) {
      part.addEventListener('keydown', (event) => {
        if (event.key !== 'Escape' || this.#field.value === '') return;
        event.preventDefault();
        // On a phone, the next one closes the drawer.
        event.stopPropagation();
        this.clear();
        this.#field.focus();
      });
    }
  }

  /** @param {boolean} isHidden */
  hide(isHidden) {
    this.#form.hidden = isHidden;
  }

  /** Back to the lists. */
  clear() {
    this.#field.value = '';
    this.#plan(0);
  }

  /** Forgets what other words were waiting for or have found. @param {number} pauseMs */
  #plan(pauseMs) {
    this.#waiting.abort();
    const { signal } = (this.#waiting = new AbortController());
    const words = this.#field.value.trim();
    this.#lists.hidden = words !== '';
    this.#show(words === '' ? '' : 'Searching…', []);
    if (words === '') return;
    const timer = setTimeout(() => this.#ask(words, signal), pauseMs);
    signal.addEventListener('abort', () => clearTimeout(timer));
  }

  /** @param {string} words @param {AbortSignal} signal */
  #ask(words, signal) {
    return this.#acts.attempt(async () => {
      try {
        const query = new URLSearchParams({ q: words, limit: String(MOST_HITS) });
        const { data } = await callJson('GET', `/conversations/search?${query}`, { signal });
        if (!signal.aborted) this.#show(lineOf(data.length), data);
      } catch (error) {
        if (signal.aborted) return;
        this.#show('The search failed.', []);
        throw error;
      }
    });
  }

  /** @param {string} line @param {readonly Hit[]} hits */
  #show(line, hits) {
    this.#found.textContent = line;
    fill(this.#hits, ...hits.map((hit) => this.#item(hit)));
  }

  /** @param {Hit} hit */
  #item(hit) {
    const parts = partsOf(hit.snippet).map(({ text, isHit }) =>
      isHit ? element('mark', {}, text) : text,
    );
    /** @type {HTMLButtonElement} */
    const button = element(
      'button',
      { type: 'button', class: 'hit', onclick: () => this.#open(hit, button) },
      element('span', { class: 'of' }, hit.title ?? UNTITLED),
      ' ',
      element('span', { class: 'snippet' }, ...parts),
    );
    return element('li', {}, button);
  }

  /** @param {Hit} hit @param {HTMLButtonElement} button */
  #open(hit, button) {
    this.#hits.querySelector('[aria-current]')?.removeAttribute('aria-current');
    button.setAttribute('aria-current', 'true');
    this.#acts.open(hit);
  }
}

/** @param {number} hits */
function lineOf(hits) {
  if (hits === 0) return 'Nothing was found.';
  if (hits === MOST_HITS) return `The best ${hits} turns:`;
  return hits === 1 ? '1 turn was found.' : `${hits} turns were found.`;
}
