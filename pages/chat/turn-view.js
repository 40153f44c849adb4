import { element, fill } from '../shared/elements.js';

/** @typedef {import('./turn.js').Turn} Turn */
/** @typedef {import('./turn.js').Source} Source */

const MARK = /\[(\d+)\]/g;

/** One turn on the page, brought up to date as its answer grows. */
export class TurnView {
  #answer = element('div', { class: 'answer' });
  #sources = element('ol', { class: 'sources', 'aria-label': 'Sources' });
  #fate = element('p', { class: 'fate' });
  #onAskAgain;
  root;
  /** What is shown now. */
  #shown = '';

  /** @param {Turn} turn @param {(turn: Turn) => Promise<void>} onAskAgain */
  constructor(turn, onAskAgain) {
    this.#onAskAgain = onAskAgain;
    const question = turn.question ?? (turn.error ? 'A question' : 'A question from elsewhere');
    this.root = element(
      'article',
      { class: 'turn' },
      element('h3', { class: 'question' }, question),
      this.#answer,
      this.#sources,
      this.#fate,
    );
    this.update(turn);
  }

  /** @param {Turn} turn */
  update(turn) {
    const { answer, sources, status, seq, durability, error } = turn;
    const shown = JSON.stringify([answer.length, sources.length, status, seq, durability, error]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isRunning = status === 'running';
    this.root.dataset['status'] = status;
    this.root.setAttribute('aria-busy', String(isRunning));
    fill(this.#answer, ...withMarks(answer, sources));
    if (isRunning && answer === '') fill(this.#answer, element('span', { class: 'thinking' }, '…'));
    fill(this.#sources, ...sources.map(sourceItem));
    this.#sources.hidden = sources.length === 0;
    fill(this.#fate, ...this.#fateOf(turn));
    this.#fate.hidden = isRunning;
  }

  /** What became of it, in a line. @param {Turn} turn @returns {(string | Node)[]} */
  #fateOf(turn) {
    const { status, seq, durability, model, error } = turn;
    const facts = [
      status === 'partial' && 'stopped here',
      seq !== null && `turn ${seq}`,
      durability === 'none' ? 'kept nowhere' : durability,
      model,
    ].filter((fact) => typeof fact === 'string');
    if (error === null) return [facts.join(' · ')];
    const again = element(
      'button',
      { type: 'button', onclick: () => this.#onAskAgain(turn) },
      'Ask again',
    );
    return [
      element('span', { class: 'error' }, error),
      ...(status === 'failed' && turn.question ? [' ', again] : []),
    ];
  }
}

/** A text whose marks lead to their sources. @param {string} text @param {readonly Source[]} sources */
function withMarks(text, sources) {
  /** @type {(string | Node)[]} */
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const source = sources[Number(match[1]) - 1];
    if (!source?.url) continue;
    parts.push(text.slice(end, match.index), linkTo(source, match[0], true));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

/** @param {Source} source */
const sourceItem = (source) =>
  element('li', {}, source.url ? linkTo(source, source.title) : source.title);

/** @param {Source} source @param {string} text @param {boolean} [isMark] */
const linkTo = ({ url, title }, text, isMark = false) =>
  element(
    'a',
    {
      href: url,
      title,
      target: '_blank',
      rel: 'noopener noreferrer',
      'aria-label': isMark && `Source ${text}: ${title}`,
    },
    text,
  );
