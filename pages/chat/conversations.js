import { call, callJson } from '../shared/http.js';

/** @typedef {{ id: string, title: string }} Conversation */

const TITLE_CHARACTERS = 60;
const PAGE = 30;

/** What a conversation is called until the service has said it. @param {string} question */
export const titleOf = (question) =>
  question.length > TITLE_CHARACTERS ? `${question.slice(0, TITLE_CHARACTERS)}…` : question;

/** The conversations that this page knows of, the newest first. */
export class Conversations {
  /** @type {Conversation[]} */
  items = [];

  /** Whether there are more than `items`. */
  get hasMore() {
    return false;
  }

  /** Reads the first of them, or more of them. */
  async load() {}

  /** One that has begun, or has another title now. @param {Conversation} conversation */
  put(conversation) {
    const { id } = conversation;
    const place = this.items.findIndex((each) => each.id === id);
    if (place < 0) this.items.unshift(conversation);
    else this.items[place] = conversation;
  }

  /** @param {string} id */
  forget(id) {
    this.items = this.items.filter((each) => each.id !== id);
  }

  /** @param {string} id @param {string} title */
  async rename(id, title) {
    const renamed = await callJson('PATCH', `/conversations/${id}`, { body: { title } });
    this.put({ id, title: renamed.title ?? title });
  }

  /** @param {string} id */
  async erase(id) {
    await call('DELETE', `/conversations/${id}`);
    this.forget(id);
  }

  /** Asks the service what it is called. @param {string} id */
  async refresh(id) {
    const { title } = await callJson('GET', `/conversations/${id}`);
    if (title && this.items.some((each) => each.id === id)) this.put({ id, title });
  }
}

/** Where callers have no identity, nobody but the browser knows which conversations are whose. */
export class RememberedConversations extends Conversations {
  #stored;

  /** @param {import('./browser-store.js').StoredValue} stored */
  constructor(stored) {
    super();
    this.#stored = stored;
    this.items = stored.get();
  }

  /** @override @param {Conversation} conversation */
  put(conversation) {
    super.put(conversation);
    this.#stored.set(this.items);
  }

  /** @override @param {string} id */
  forget(id) {
    super.forget(id);
    this.#stored.set(this.items);
  }
}

/** Those of the user whose token is in use, on whatever device they were begun. */
export class OwnConversations extends Conversations {
  /** undefined: nothing was read yet. @type {string | null | undefined} */
  #cursor;

  /** @override */
  get hasMore() {
    return typeof this.#cursor === 'string';
  }

  /** @override */
  async load() {
    const cursor = this.#cursor ? `&cursor=${encodeURIComponent(this.#cursor)}` : '';
    const page = await callJson('GET', `/conversations?limit=${PAGE}${cursor}`);
    this.#cursor = page.next_cursor;
    const known = new Set(this.items.map(({ id }) => id));
    for (const { conversation_id: id, title } of page.data) {
      if (!known.has(id)) this.items.push({ id, title: title ?? 'Without a title' });
    }
  }
}
