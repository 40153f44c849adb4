import { byId, element, fill } from '../shared/elements.js';

const SUGGESTIONS = [
  'What is machine learning?',
  'What is attention in a transformer?',
  'Who asked whether machines can think?',
];

/** Where questions are written, and answers stopped. */
export class Composer {
  #field = byId('question-field', HTMLTextAreaElement);
  #send = byId('send', HTMLButtonElement);
  #stop = byId('stop', HTMLButtonElement);
  #form = byId('composer', HTMLFormElement);
  #onAsk;

  /** @param {{ ask: (question: string) => Promise<void>, stop: () => Promise<void> }} acts */
  constructor({ ask, stop }) {
    this.#onAsk = ask;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener('click', stop);
    this.#field.addEventListener('keydown', (event) => {
      // While a word is being composed, as in Japanese, Enter ends the word.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    const suggestion = (/** @type {string} */ text) =>
      element('li', {}, element('button', { type: 'button', onclick: () => ask(text) }, text));
    fill(byId('suggestions', HTMLUListElement), ...SUGGESTIONS.map(suggestion));
  }

  /** @param {boolean} isAnswering */
  show(isAnswering) {
    const hadFocus = document.activeElement === this.#stop || document.activeElement === this.#send;
    this.#send.hidden = isAnswering;
    this.#stop.hidden = !isAnswering;
    if (hadFocus) (isAnswering ? this.#stop : this.#field).focus();
  }

  /** @param {boolean} isHidden */
  hide(isHidden) {
    this.#form.hidden = isHidden;
  }

  focus() {
    this.#field.focus();
  }

  #submit() {
    const question = this.#field.value.trim();
    if (question === '' || this.#send.hidden) return;
    this.#field.value = '';
    void this.#onAsk(question);
  }
}
