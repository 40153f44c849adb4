import { type ErasedEverything, ErasureTally } from '../conversation/owner-erasure.js';
import { type Doomed, firstBatch } from '../persistence/archive-erasure.js';

/** Where an owner's conversations are found, and how they are erased. */
export interface ErasureRound {
  /** Those that are hot, in parts. */
  hot(): AsyncIterable<readonly Doomed[]>;
  /** The next of those that are archived; none when nothing is left. */
  archived(): Promise<readonly Doomed[]>;
  erase(doomed: readonly Doomed[]): Promise<ErasedEverything>;
}

// The first round takes all that there was; the second one sees that, or finds what came to light meanwhile. Somebody
// who goes on talking all the while has new conversations, which are not to be waited for.
const MAX_ROUNDS = 5;

/** Erases until nothing is left, in batches. */
export async function eraseInRounds(round: ErasureRound): Promise<ErasedEverything> {
  const total = new ErasureTally();
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
    const { conversations, sessions } = total;
    await eraseOnce(round, total);
    if (total.conversations === conversations && total.sessions === sessions) break;
  }
  return total;
}

/** The hot ones first: what leaves Redis meanwhile is in the archive. */
async function eraseOnce(round: ErasureRound, total: ErasureTally): Promise<void> {
  for await (const found of round.hot()) {
    for (let rest = found; rest.length > 0;) {
      const batch = firstBatch(rest);
      total.add(await round.erase(batch));
      rest = rest.slice(batch.length);
    }
  }
  for (;;) {
    const doomed = await round.archived();
    if (doomed.length === 0) return;
    total.add(await round.erase(doomed));
  }
}
