import { call, callJson, describe, Problem } from '../shared/http.js';
import { readAnswer } from './answer-reader.js';
import { runningTurn, storedTurn } from './turn.js';
import { historyOf } from './unkept-history.js';

/** @typedef {import('./turn.js').Turn} Turn */

const LEFT = new DOMException('The page shows another conversation.', 'AbortError');
const STOPPED = new DOMException('Nobody wants the rest.', 'AbortError');
const TURNS_SHOWN = 50;

/**
 * @typedef {object} TalkOptions
 * @property {'kept' | 'incognito' | 'client'} kind where its turns are kept: by the service, or in this object alone
 * @property {import('./papers.js').Papers} papers
 * @property {import('./browser-store.js').StoredValue} asked questions under way, by the conversation's id
 * @property {() => void} onChange
 * @property {(id: string, question: string) => void} onBegun
 * @property {(id: string) => void} onNothingKept of a conversation that was about to begin
 */

/** What is said in one conversation: its turns, and the answer that is under way. */
export class Talk {
  /** @type {Turn[]} */
  turns = [];
  /** @type {string | null} */
  id = null;
  /** The seq before which there are older turns. @type {number | null} */
  before = null;
  /** @type {AbortController | null} */
  #reading = null;
  #left = new AbortController();
  #options;

  /** @param {TalkOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get kind() {
    return this.#options.kind;
  }

  get isAnswering() {
    return this.#reading !== null;
  }

  /**
   * Shows a conversation of before, and reads on in its answer when one is under way. The stream is asked for first:
   * an answer that ends between the two questions is in the turns.
   * @param {string} id
   * @param {number | null} [seq] of a turn that is to be among those that are shown
   * @throws Problem
   */
  async open(id, seq = null) {
    this.id = id;
    const stream = await call('GET', `/chat/stream/${id}`, { signal: this.#left.signal });
    const asked = this.#options.asked.get()[id];
    // Where nothing is kept yet, there is no conversation by that id.
    if (stream.status === 204 || !asked?.isFirst) await this.#loadTurns();
    while (seq !== null && this.before !== null && this.before > seq) {
      this.#left.signal.throwIfAborted();
      await this.#loadTurns(this.before);
    }
    this.#options.onChange();
    if (stream.status === 204) return this.#forgetAsked();
    const turn = runningTurn(asked?.question ?? null);
    const take = () => {
      this.turns = [...this.turns.filter((each) => each.id !== turn.id && each !== turn), turn];
    };
    await this.#follow(turn, async () => stream, take);
    // Asked on another device: now it is known what.
    if (turn.question === null) await this.#loadTurns();
    this.#options.onChange();
  }

  async loadOlder() {
    await this.#loadTurns(this.before);
    this.#options.onChange();
  }

  /** Asks, and reads the answer to its end. @param {string} question @param {string} key of this very question */
  async ask(question, key = randomKey()) {
    const turn = runningTurn(question, key);
    const { kind } = this.#options;
    const body = {
      query: question,
      ...(kind === 'kept' && { meta_params: { conversation_id: this.id } }),
      ...(kind === 'incognito' && { meta_params: { is_incognito: true } }),
      ...(kind !== 'kept' && { history: historyOf(this.turns) }),
    };
    this.turns.push(turn);
    const headers = { 'idempotency-key': key };
    const open = (/** @type {AbortSignal} */ signal) =>
      call('POST', '/chat/stream', { body, headers, signal });
    await this.#follow(turn, open);
  }

  /** Asks once more what got no answer; one that the service has after all is not made again. @param {Turn} turn */
  async askAgain(turn) {
    this.turns = this.turns.filter((each) => each !== turn);
    if (turn.question) await this.ask(turn.question, turn.key ?? randomKey());
  }

  /** Ends the answer that is under way; what was said stays. */
  async stop() {
    const { kind } = this.#options;
    if (kind !== 'kept') this.#reading?.abort(STOPPED);
    else if (this.id) await call('POST', '/chat/stop', { body: { conversation_id: this.id } });
  }

  /** The answer goes on without this page. */
  leave() {
    this.#left.abort(LEFT);
  }

  /**
   * @param {Turn} turn
   * @param {(signal: AbortSignal) => Promise<Response>} open
   * @param {() => void} [onStart]
   */
  async #follow(turn, open, onStart) {
    const { onChange, papers } = this.#options;
    const reading = new AbortController();
    const signal = AbortSignal.any([reading.signal, this.#left.signal]);
    this.#reading = reading;
    onChange();
    try {
      await readAnswer(turn, await open(signal), {
        signal,
        onChange,
        onStart: (id) => {
          onStart?.();
          this.#begun(id, turn.question);
        },
      });
      papers.remember(turn.sources);
    } catch (error) {
      if (error === LEFT) return;
      await this.#settle(turn, error);
    } finally {
      this.#reading = null;
    }
    this.#forgetAsked();
    if (turn.status === 'failed' && turn.seq === null && this.turns.length === 1) this.#notBegun();
    onChange();
  }

  /** How a turn ends that could not be read to its end. @param {Turn} turn @param {unknown} error */
  async #settle(turn, error) {
    turn.status = error === STOPPED ? 'partial' : 'failed';
    if (error === STOPPED) return;
    turn.error = describe(error);
    if (turn.id === null || !(error instanceof Problem) || error.code !== 'line_cut') return;
    // It may be whole by now.
    await this.#loadTurns().catch(() => undefined);
    if (!this.turns.some(({ id }) => id === turn.id)) this.turns.push(turn);
  }

  /** @param {string | null} id @param {string | null} question */
  #begun(id, question) {
    if (id === null || question === null) return;
    this.id = id;
    const asked = { question, isFirst: this.turns.length === 1 };
    this.#options.asked.set({ ...this.#options.asked.get(), [id]: asked });
    this.#options.onBegun(id, question);
  }

  /** There is no conversation by that id where its first turn came to nothing. */
  #notBegun() {
    if (this.id !== null) this.#options.onNothingKept(this.id);
    this.id = null;
  }

  #forgetAsked() {
    if (this.id === null) return;
    const { [this.id]: _, ...others } = this.#options.asked.get();
    this.#options.asked.set(others);
  }

  /** @param {number | null} [before] */
  async #loadTurns(before = null) {
    const older = before === null ? '' : `&before=${before}`;
    const path = `/conversations/${this.id}/turns?limit=${TURNS_SHOWN}${older}`;
    const { data, next_before: next } = await callJson('GET', path);
    const { papers } = this.#options;
    const turns = data.map((/** @type {any} */ each) => storedTurn(each, (id) => papers.of(id)));
    this.turns = before === null ? turns : [...turns, ...this.turns];
    this.before = next;
  }
}

/** Not crypto.randomUUID: a browser has that only where the page came over TLS or from its own machine. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
