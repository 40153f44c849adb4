import { confirmAct } from '../shared/confirm.js';
import { byId, element, fill, icon } from '../shared/elements.js';

/** @typedef {import('./conversations.js').Conversation} Conversation */

const LISTS = {
  current: { name: 'Conversations', none: 'Your conversations appear here.', other: 'Archived' },
  archived: { name: 'Archived', none: 'None is archived.', other: 'Back' },
};
const MOST_TITLE_CHARACTERS = 200;

/**
 * @typedef {object} ListActs
 * @property {(id: string) => void} open
 * @property {(id: string, title: string) => Promise<void>} rename
 * @property {(id: string, isArchived: boolean) => Promise<void>} archive
 * @property {(id: string) => Promise<void>} erase
 * @property {(isArchived: boolean) => Promise<void>} load the first of a list
 * @property {(isArchived: boolean) => Promise<void>} more
 */

/** The conversations on the left: those that are archived, or all others. */
export class ListView {
  /** The conversation whose title is being written. @type {string | null} */
  #renaming = null;
  #isArchive = false;
  #name = byId('list-name', HTMLElement);
  #other = byId('other-list', HTMLButtonElement);
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
    this.#other.addEventListener('click', () => {
      this.#isArchive = !this.#isArchive;
      this.#draw();
      void acts.load(this.#isArchive);
    });
  }

  /** @param {import('./conversations.js').Conversations} list @param {string | null} openId */
  show(list, openId) {
    // Somebody else's.
    if (list !== this.#list) this.#isArchive = false;
    this.#list = list;
    this.#openId = openId;
    // Not while somebody writes in it.
    if (this.#renaming === null) this.#draw();
  }

  #draw() {
    const list = this.#list;
    if (!list) return;
    const isArchive = this.#isArchive;
    const { name, none, other } = isArchive ? LISTS.archived : LISTS.current;
    this.#name.textContent = name;
    this.#other.textContent = other;
    const items = list
      .listed(isArchive)
      .map((each) => (each.id === this.#renaming ? this.#titleForm(each) : this.#item(each)));
    const more =
      list.hasMore(isArchive) &&
      element(
        'li',
        {},
        element('button', { type: 'button', onclick: () => this.#acts.more(isArchive) }, 'More'),
      );
    const empty = items.length === 0 && element('li', { class: 'none' }, none);
    const focused = document.activeElement?.id;
    fill(this.#root, ...items, more, empty);
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {Conversation} conversation */
  #item({ id, title, isArchived }) {
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
      isArchived
        ? iconButton('restore', `Bring back “${title}”`, () => this.#move(id, false), `move-${id}`)
        : iconButton('archive', `Archive “${title}”`, () => this.#move(id, true), `move-${id}`),
      iconButton('delete', `Delete “${title}”`, erase),
    );
  }

  /** Into the other list; who did it by keyboard goes on with the next one. @param {string} id @param {boolean} isArchived */
  async #move(id, isArchived) {
    const listed = this.#list?.listed(!isArchived) ?? [];
    const place = listed.findIndex((each) => each.id === id);
    const next = listed[place + 1] ?? listed[place - 1];
    await this.#acts.archive(id, isArchived);
    const isGone = document.getElementById(`move-${id}`) === null;
    if (!isGone || document.activeElement !== document.body) return;
    (document.getElementById(`move-${next?.id}`) ?? this.#other).focus();
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
 * @param {Parameters<typeof icon>[0]} picture
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
