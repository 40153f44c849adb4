import { element, fill } from '../shared/elements.js';
import { TurnView } from './turn-view.js';

/** @typedef {import('./turn.js').Turn} Turn */

// So near its end, somebody is reading along.
const NEAR_PX = 80;

/** The turns of the open conversation, oldest first; it follows a growing answer unless somebody has scrolled up. */
export class LogView {
  /** @type {Map<Turn, TurnView>} */
  #views = new Map();
  #root;
  #acts;
  #isPlanned = false;
  /** The turn that somebody wants to see. @type {string | null} */
  #sought = null;

  /** @param {HTMLElement} root @param {{ askAgain: (turn: Turn) => Promise<void>, older: () => Promise<void> }} acts */
  constructor(root, acts) {
    this.#root = root;
    this.#acts = acts;
  }

  /** Shows this turn in place of the newest ones, once it is there. @param {string | null} turnId */
  seek(turnId) {
    this.#sought = turnId;
  }

  /** Draws with the next picture of the screen, however often it is called until then. @param {() => import('./talk.js').Talk} talk */
  plan(talk) {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#draw(talk());
    });
  }

  /** @param {import('./talk.js').Talk} talk */
  #draw({ turns, before }) {
    const scroller = this.#root;
    const isAtEnd =
      scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX ||
      !turns.some((turn) => this.#views.has(turn));
    const views = new Map(turns.map((turn) => [turn, this.#viewOf(turn)]));
    const isSame = views.size === this.#views.size && turns.every((turn) => this.#views.has(turn));
    this.#views = views;
    if (!isSame) {
      const older =
        before !== null &&
        element('button', { type: 'button', class: 'older', onclick: this.#acts.older }, 'Older');
      fill(this.#root, older, ...[...views.values()].map(({ root }) => root));
    }
    const sought = turns.find(({ id }) => id !== null && id === this.#sought);
    if (sought) this.#reveal(sought);
    else if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  /** @param {Turn} turn */
  #reveal(turn) {
    const root = this.#views.get(turn)?.root;
    root?.classList.add('sought');
    root?.scrollIntoView();
    this.#sought = null;
  }

  /** @param {Turn} turn */
  #viewOf(turn) {
    const view = this.#views.get(turn) ?? new TurnView(turn, this.#acts.askAgain);
    view.update(turn);
    return view;
  }
}
