import type { Run } from './run.js';

/** How far a run is, in one line. */
export function progressOf({ counts, turns, book, faults, broken, startedMs }: Run): string {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const now = [...broken].map(([part, fault]) => `${part}: ${fault}`).join(', ') || 'all is well';
  const done = Math.min(counts.begun, turns);
  return `${seconds} s: ${done} of ${turns} turns, ${book.turns.size} acknowledged, ${faults} faults; ${now}`;
}
