/** @typedef {import('./turn.js').Source} Source */

const MOST_PAPERS = 200;

/** Remembers titles and addresses of papers: a turn that comes out of the history has their ids alone. */
export class Papers {
  #known;

  /** @param {import('./browser-store.js').StoredValue} known */
  constructor(known) {
    this.#known = known;
  }

  /** @param {readonly Source[]} sources */
  remember(sources) {
    if (sources.length === 0) return;
    /** @type {Source[]} */
    const others = this.#known.get();
    const ids = new Set(sources.map(({ id }) => id));
    const all = [...sources, ...others.filter(({ id }) => !ids.has(id))];
    this.#known.set(all.slice(0, MOST_PAPERS));
  }

  /** @param {string} id @returns {Source} */
  of(id) {
    /** @type {Source[]} */
    const known = this.#known.get();
    return known.find((each) => each.id === id) ?? { id, title: id, url: null };
  }
}
