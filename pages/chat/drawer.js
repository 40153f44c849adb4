import { byId, icon } from '../shared/elements.js';

/** The conversations on a narrow screen: behind a button, over the talk. */
export class Drawer {
  #drawer = byId('drawer', HTMLElement);
  #menu = byId('menu', HTMLButtonElement);
  #curtain = byId('curtain', HTMLElement);

  constructor() {
    this.#menu.append(icon('menu'));
    this.#menu.addEventListener('click', () => this.#set(!this.#isOpen));
    this.#curtain.addEventListener('click', () => this.close());
    document.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close());
  }

  close() {
    if (!this.#isOpen) return;
    this.#set(false);
    this.#menu.focus();
  }

  get #isOpen() {
    return this.#drawer.classList.contains('shown');
  }

  /** @param {boolean} isOpen */
  #set(isOpen) {
    this.#drawer.classList.toggle('shown', isOpen);
    this.#curtain.hidden = !isOpen;
    this.#menu.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) byId('new', HTMLButtonElement).focus();
  }
}
