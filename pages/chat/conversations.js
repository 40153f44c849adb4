import { call, callJson } from '../shared/http.js';

/** @typedef {{ id: string, title: string, isArchived: boolean }} Conversation */

const TITLE_CHARACTERS = 60;
const PAGE = 30;

export const UNTITLED = 'Without a title';

/** What a conversation is called until the service has said it. @param {string} question */
const titleOf = (question) =>
  question.length > TITLE_CHARACTERS ? `${question.slice(0, TITLE_CHARACTERS)}…` : question;

/** @param {any} read as GET /conversations/{id} has it @returns {Conversation} */
const conversationOf = ({ conversation_id: id, title, is_archived: isArchived }) => ({
  id,
  title: title ?? UNTITLED,
  isArchived,
});

/** The conversations that this page knows of, the newest first: two lists, of the archived ones and of all others. */
export class Conversations {
  /** Those of both lists. @type {Conversation[]} */
  items = [];

  /** @param {boolean} isArchived */
  listed(isArchived) {
    return this.items.filter((each) => each.isArchived === isArchived);
  }

  /** @param {string} id */
  find(id) {
    return this.items.find((each) => each.id === id);
  }

  /** Whether a list goes on. @param {boolean} _isArchived */
  hasMore(_isArchived) {
    return false;
  }

  /** Reads the first of a list, unless they are there. @param {boolean} _isArchived */
  async load(_isArchived) {}

  /** Reads more of a list. @param {boolean} _isArchived */
  async loadMore(_isArchived) {}

  /** One that is new here goes first; one that is known stays in its place. @param {Conversation} conversation */
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

  /** A turn begins in it, its first one or another: what goes on is archived no more. @param {string} id @param {string} question */
  goesOn(id, question) {
    const known = this.find(id);
    if (!known) this.put({ id, title: titleOf(question), isArchived: false });
    else if (known.isArchived) this.#putFirst({ ...known, isArchived: false });
  }

  /** @param {string} id @param {string} title */
  async rename(id, title) {
    this.put(await this.#change(id, { title }));
  }

  /** Puts it into the other list, where it is seen. @param {string} id @param {boolean} isArchived */
  async archive(id, isArchived) {
    this.#putFirst(await this.#change(id, { is_archived: isArchived }));
  }

  /** @param {string} id */
  async erase(id) {
    await call('DELETE', `/conversations/${id}`);
    this.forget(id);
  }

  /** Asks the service what it is called, and whether it is archived. @param {string} id */
  async refresh(id) {
    const read = conversationOf(await callJson('GET', `/conversations/${id}`));
    if (this.find(id)) this.put(read);
  }

  /** Asks the same of one that no list has had so far. @param {string} id */
  async meet(id) {
    const read = conversationOf(await callJson('GET', `/conversations/${id}`));
    if (!this.find(id)) this.put(read);
  }

  /** @param {string} id @param {object} change */
  async #change(id, change) {
    return conversationOf(await callJson('PATCH', `/conversations/${id}`, { body: change }));
  }

  /** @param {Conversation} conversation */
  #putFirst(conversation) {
    this.forget(conversation.id);
    this.put(conversation);
  }
}

/** Where callers have no identity, nobody but the browser knows which conversations are whose. */
export class RememberedConversations extends Conversations {
  #stored;

  /** @param {import('./browser-store.js').StoredValue} stored */
  constructor(stored) {
    super();
    this.#stored = stored;
    // What an earlier version of the page has left does not say which are archived.
    this.items = stored.get().map((/** @type {any} */ each) => ({ isArchived: false, ...each }));
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
  /** Of each list, once it was read: where it goes on. @type {Map<boolean, string | null>} */
  #cursors = new Map();

  /** @override @param {boolean} isArchived */
  hasMore(isArchived) {
    return typeof this.#cursors.get(isArchived) === 'string';
  }

  /** @override @param {boolean} isArchived */
  async load(isArchived) {
    if (!this.#cursors.has(isArchived)) await this.loadMore(isArchived);
  }

  /** @override @param {boolean} isArchived */
  async loadMore(isArchived) {
    const cursor = this.#cursors.get(isArchived);
    const query = new URLSearchParams({
      limit: String(PAGE),
      archived: String(isArchived),
      ...(cursor && { cursor }),
    });
    const page = await callJson('GET', `/conversations?${query}`);
    this.#cursors.set(isArchived, page.next_cursor);
    for (const read of page.data) {
      if (!this.find(read.conversation_id)) this.items.push(conversationOf(read));
    }
  }
}
