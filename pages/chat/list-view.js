import { confirmAct } from '../shared/confirm.js';
import { element, fill, icon } from '../shared/elements.js';

/** @typedef {import('./conversations.js').Conversation} Conversation */

const MOST_TITLE_CHARACTERS = 200;

/**
 * @typedef {object} ListActs
 * @property {(id: string) => void} open
 * @property {(id: string, title: string) => Promise<void>} rename
 * @property {(id: string) => Promise<void>} erase
 * @property {() => Promise<void>} more
 */

/** The conversations on the left. */
export class ListView {
  /** The conversation whose title is being written. @type {string | null} */
  #renaming = null;
  #root;
  #acts;
  /** @type {import('./conversations.js').Conversations | null} */
  #list = null;
  /** @type {string | null} */
  #openId = null;

  /** @param {HTMLElement} root @param {ListActs} acts */
  constructor(root, acts) {
    this.#root = root;
    this.#acts = acts;
  }

  /** @param {import('./conversations.js').Conversations} list @param {string | null} openId */
  show(list, openId) {
    this.#list = list;
    this.#openId = openId;
    // Not while somebody writes in it.
    if (this.#renaming === null) this.#draw();
  }

  #draw() {
    const list = this.#list;
    if (!list) return;
    const items = list.items.map((each) =>
      each.id === this.#renaming ? this.#titleForm(each) : this.#item(each),
    );
    const more =
      list.hasMore &&
      element('li', {}, element('button', { type: 'button', onclick: this.#acts.more }, 'More'));
    const none =
      items.length === 0 && element('li', { class: 'none' }, 'Your conversations appear here.');
    const focused = document.activeElement?.id;
    fill(this.#root, ...items, more, none);
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {Conversation} conversation */
  #item({ id, title }) {
    const isOpen = id === this.#openId;
    const rename = () => {
      this.#renaming = id;
      this.#draw();
    };
    const erase = async () => {
      if (await confirmAct(`Delete “${title}” for good?`, 'Delete')) await this.#acts.erase(id);
    };
    return element(
      'li',
      { class: isOpen ? 'conversation open' : 'conversation' },
      element(
        'button',
        {
          type: 'button',
          class: 'title',
          id: `open-${id}`,
          'aria-current': isOpen && 'true',
          onclick: () => this.#acts.open(id),
        },
        title,
      ),
      iconButton('rename', `Rename “${title}”`, rename, `rename-${id}`),
      iconButton('delete', `Delete “${title}”`, erase),
    );
  }

  /** @param {Conversation} conversation */
  #titleForm({ id, title }) {
    const input = element('input', {
      value: title,
      'aria-label': 'New title',
      maxlength: MOST_TITLE_CHARACTERS,
      required: true,
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && this.#done(id),
    });
    const save = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const given = input.value.trim();
      if (given !== '' && given !== title) await this.#acts.rename(id, given);
      this.#done(id);
    };
    const form = element(
      'form',
      { class: 'renaming', onsubmit: save },
      input,
      element('button', { type: 'submit' }, 'Save'),
      element('button', { type: 'button', onclick: () => this.#done(id) }, 'Cancel'),
    );
    queueMicrotask(() => input.select());
    return element('li', { class: 'conversation' }, form);
  }

  /** @param {string} id */
  #done(id) {
    this.#renaming = null;
    this.#draw();
    document.getElementById(`rename-${id}`)?.focus();
  }
}

/**
 * @param {'rename' | 'delete'} picture
 * @param {string} label
 * @param {() => unknown} onclick
 * @param {string} [id]
 */
const iconButton = (picture, label, onclick, id) =>
  element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': label, title: label, onclick, id },
    icon(picture),
  );
