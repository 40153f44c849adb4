/** @typedef {{ name: string, labels: Record<string, string>, value: number }} Sample */

const LINE = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Metrics in Prometheus's text format. */
export class Metrics {
  #samples;

  /** @param {string} text */
  constructor(text) {
    this.#samples = text.split('\n').flatMap(readLine);
  }

  /** The sum over all labels; null: there is no such metric. @param {string} name */
  sum(name) {
    const samples = this.#named(name);
    return samples.length === 0 ? null : samples.reduce((sum, { value }) => sum + value, 0);
  }

  /**
   * Below which value so great a share of a histogram's observations lies, as Prometheus's histogram_quantile says
   * it; null: there are none.
   * @param {string} name
   * @param {number} share
   * @param {Record<string, string>} [labels]
   */
  quantile(name, share, labels = {}) {
    const buckets = this.#named(`${name}_bucket`)
      .filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value))
      .map(({ labels: { le }, value }) => ({ to: le === '+Inf' ? Infinity : Number(le), value }))
      .toSorted((a, b) => a.to - b.to);
    const wanted = share * (buckets.at(-1)?.value ?? 0);
    if (wanted === 0) return null;
    const place = buckets.findIndex(({ value }) => value >= wanted);
    const { to = 0, value = 0 } = buckets[place] ?? {};
    const { to: from, value: below } = buckets[place - 1] ?? { to: 0, value: 0 };
    return to === Infinity ? from : from + ((to - from) * (wanted - below)) / (value - below);
  }

  /** @param {string} name */
  #named(name) {
    return this.#samples.filter((each) => each.name === name);
  }
}

/** @param {string} line @returns {Sample[]} */
function readLine(line) {
  const [, name, labels = '', value] = LINE.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, text]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}
