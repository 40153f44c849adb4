import { element, fill } from '../shared/elements.js';
import { callJson, describe } from '../shared/http.js';

const NONE = 'There are none. Turns that Postgres refuses wait here until somebody retries them.';

/** Turns that Postgres refuses, each with its retry. */
export class DeadLetters {
  #root;
  #say;

  /** @param {Element} root @param {(line: string) => void} say */
  constructor(root, say) {
    this.#root = root;
    this.#say = say;
  }

  /** @throws Problem */
  async load() {
    const { data } = await callJson('GET', '/admin/dead-letters');
    if (data.length === 0) return fill(this.#root, element('p', { class: 'note' }, NONE));
    const names = ['Turn', 'Why', 'SQLSTATE', 'Refused last', 'Attempts', 'Retry'];
    const head = element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)));
    const rows = data.map((/** @type {any} */ letter) => this.#row(letter));
    fill(
      this.#root,
      element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)),
    );
  }

  /** @param {any} letter */
  #row(letter) {
    /** @type {HTMLButtonElement} */
    const retry = element(
      'button',
      {
        type: 'button',
        'aria-label': `Retry turn ${letter.turn_id}`,
        onclick: () => this.#retry(letter.turn_id, retry),
      },
      'Retry',
    );
    const cells = [
      element('code', { title: `in conversation ${letter.conversation_id}` }, letter.turn_id),
      letter.reason,
      element('code', {}, letter.sqlstate),
      new Date(letter.at).toLocaleString('en'),
      letter.attempts,
      retry,
    ];
    return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
  }

  /** @param {string} turnId @param {HTMLButtonElement} button */
  async #retry(turnId, button) {
    button.disabled = true;
    try {
      const { seq } = await callJson('POST', `/admin/dead-letters/${turnId}/retry`);
      this.#say(seq === null ? 'Postgres refused it again.' : `It is archived as turn ${seq}.`);
      await this.load();
    } catch (error) {
      button.disabled = false;
      this.#say(describe(error));
    }
  }
}
