import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { Archive, type CommittedBatch } from '../persistence/archive.js';
import type { ConversationBatch } from '../persistence/archive.statements.js';
import { failureKind, LOCK_NOT_AVAILABLE, sqlstateOf } from '../persistence/sqlstate.js';
import { Refusals } from './refusals.js';

export interface Committed {
  /** In the order of what was given. */
  readonly batches: readonly CommittedBatch[];
  /** Turns that Postgres refuses; they are kept apart. */
  readonly deadLetters: number;
}

// A deadlock or a failed race for a row is over with the next try; what lasts longer is the sweep's.
const MAX_TRIES = 4;
const FIRST_DELAY_MS = 20;
const UNIQUE_VIOLATION = '23505';
// Somebody else is at these very rows, or there are too many of them: others may get through.
const HELD_UP = ['40', LOCK_NOT_AVAILABLE, '57014'];

/**
 * Gets batches into the archive whatever is in them. What fails for what it is, is tried alone:
 * each conversation, then each turn; a turn that still fails becomes a dead letter and blocks nobody.
 * A conversation that somebody else holds up stays dirty, and blocks nobody either.
 */
@Injectable()
export class Committer {
  constructor(
    private readonly archive: Archive,
    private readonly refusals: Refusals,
    private readonly metrics: Metrics,
  ) {}

  /** @throws what is wrong with Postgres itself, or with our rights in it: then everything stays dirty. */
  async commit(batches: readonly ConversationBatch[]): Promise<Committed> {
    try {
      return { batches: await this.commitPatiently(batches), deadLetters: 0 };
    } catch (error) {
      // A row that is taken stays so after all tries: whatever it is, it must not block its whole batch.
      const sqlstate = sqlstateOf(error);
      const refused = failureKind(error) === 'poison' || sqlstate === UNIQUE_VIOLATION;
      const heldUp = HELD_UP.some((prefix) => sqlstate?.startsWith(prefix));
      if (batches.length > 1 && (refused || heldUp)) return this.eachAlone(batches);
      if (refused) return this.turnByTurn(batches[0]!, error);
      if (heldUp) return { batches: [nothingStored(batches[0]!, true)], deadLetters: 0 };
      throw error;
    }
  }

  private async commitPatiently(batches: readonly ConversationBatch[]): Promise<CommittedBatch[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.archive.commit(batches);
      } catch (error) {
        if (failureKind(error) !== 'transient' || tries === MAX_TRIES) throw error;
        this.metrics.syncFailures.inc({ reason: 'transient' });
        // Whoever holds one conversation must not hold up the others of its batch.
        if (sqlstateOf(error) === LOCK_NOT_AVAILABLE) {
          return await this.archive.commit(batches, { skipHeld: true });
        }
        // Two batches that wait for each other should not meet again.
        await delay(FIRST_DELAY_MS * 2 ** tries * (0.5 + Math.random()));
      }
    }
  }

  private async eachAlone(
    batches: readonly ConversationBatch[],
    inOrder = false,
  ): Promise<Committed> {
    const committed: CommittedBatch[] = [];
    let deadLetters = 0;
    for (const batch of batches) {
      const alone = await this.commit([batch]);
      committed.push(...alone.batches);
      deadLetters += alone.deadLetters;
      // Its later turns must not overtake one that somebody holds up.
      if (inOrder && alone.batches.some(({ held }) => held)) break;
    }
    return { batches: committed, deadLetters };
  }

  private async turnByTurn(batch: ConversationBatch, cause: unknown): Promise<Committed> {
    const [turn] = batch.turns;
    if (batch.turns.length === 1) {
      await this.refusals.bury(batch, turn!, cause);
      return { batches: [nothingStored(batch, false)], deadLetters: 1 };
    }
    const alone = batch.turns.map((each) => ({ ...batch, turns: [each] }));
    const parts = await this.eachAlone(alone, true);
    return {
      batches: [
        {
          conversationId: batch.conversationId,
          erased: parts.batches.some(({ erased }) => erased),
          held: parts.batches.some(({ held }) => held),
          numbers: new Map(parts.batches.flatMap(({ numbers }) => [...numbers])),
        },
      ],
      deadLetters: parts.deadLetters,
    };
  }
}

const nothingStored = ({ conversationId }: ConversationBatch, held: boolean): CommittedBatch => ({
  conversationId,
  erased: false,
  held,
  numbers: new Map(),
});
