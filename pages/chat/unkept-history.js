/** @typedef {import('./turn.js').Turn} Turn */

const MOST_TURNS = 50;
// A body takes 256 KiB in all.
const MOST_BYTES = 200_000;

/**
 * The turns to send along where the service keeps none: the newest ones that it takes, oldest first.
 * @param {readonly Turn[]} turns
 */
export function historyOf(turns) {
  const encoder = new TextEncoder();
  /** @type {{ question: string, answer: string, sources: string[] }[]} */
  const history = [];
  let bytes = 0;
  for (const { question, answer, sources } of turns.toReversed()) {
    if (!question || answer.trim() === '') continue;
    const turn = { question, answer, sources: sources.map(({ id }) => id) };
    bytes += encoder.encode(JSON.stringify(turn)).length;
    if (history.length === MOST_TURNS || bytes > MOST_BYTES) break;
    history.unshift(turn);
  }
  return history;
}
