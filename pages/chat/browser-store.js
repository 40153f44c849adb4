/** A value in one of the browser's stores; without the store, as where it is forbidden, for the life of the page. */
export class StoredValue {
  /** @type {any} */
  #value;
  #name;
  /** @type {Storage | null} */
  #store;

  /**
   * @param {() => Storage | null} store null: kept in this page alone
   * @param {string} name
   * @param {any} initial
   */
  constructor(store, name, initial) {
    this.#name = name;
    this.#value = initial;
    try {
      this.#store = store();
      const text = this.#store?.getItem(name);
      if (text) this.#value = JSON.parse(text);
    } catch {
      this.#store = null;
    }
  }

  get() {
    return this.#value;
  }

  /** @param {any} value */
  set(value) {
    this.#value = value;
    try {
      this.#store?.setItem(this.#name, JSON.stringify(value));
    } catch {
      // Full: the page goes on without it.
    }
  }
}
