import { Injectable } from '@nestjs/common';
import { storageUnavailable } from '../conversation/errors.js';
import { Metrics } from '../metrics/metrics.js';
import type { CommittedBatch } from '../persistence/archive.js';
import { BackgroundSessions } from '../session/session.lanes.js';
import type { UnsyncedTurns } from '../session/session.js';
import { type Committed, Committer } from './committer.js';
import { UnflushedTurns } from './unflushed-turns.js';

// 500 rows: unnest reaches 91 % of COPY here, and 5,000 gain only 9 % more for ten times the lock time.
const MAX_TURNS = 500;
// One conversation with megabytes of answers must not hold up the others of its batch.
const MAX_BYTES = 4 * 1024 * 1024;

export interface FlushResult {
  readonly turns: number;
  /** Turns that Postgres refuses, kept apart. */
  readonly deadLetters: number;
  /** Conversations that still hold unsynced turns: there were more than one batch takes. */
  readonly unfinished: readonly string[];
  /** Conversations whose row in Postgres somebody else holds: they stay dirty. */
  readonly held: readonly string[];
  /** The place of each flushed turn, by its id. */
  readonly numbers: ReadonlyMap<string, number>;
}

interface Pending extends UnsyncedTurns {
  readonly conversationId: string;
}

/**
 * Commits the unsynced turns of sessions to Postgres, then acknowledges them to Redis.
 * Guaranteed: every turn is stored once and in order, however often and by whomever this runs; nothing is
 * acknowledged before it is committed. A crash before the acknowledgement repeats the batch harmlessly.
 * Not guaranteed: order between conversations.
 */
@Injectable()
export class Flusher {
  private refused = false;

  constructor(
    private readonly sessions: BackgroundSessions,
    private readonly committer: Committer,
    private readonly unflushed: UnflushedTurns,
    private readonly metrics: Metrics,
  ) {}

  /** Postgres did not take the last batch. */
  get isRefused(): boolean {
    return this.refused;
  }

  /** One batch of each of these conversations. @throws RedisUnavailable, and what the commit throws. */
  async flush(conversationIds: readonly string[]): Promise<FlushResult> {
    const collected = await Promise.all(conversationIds.map((id) => this.collect(id)));
    const pending = collected.filter((each) => each !== null);
    if (pending.length === 0) {
      return { turns: 0, deadLetters: 0, unfinished: [], held: [], numbers: new Map() };
    }
    const { batches, deadLetters } = await this.commit(pending);
    const stored = pending.filter((_, index) => !batches[index]!.held);
    const byId = new Map(batches.map((batch) => [batch.conversationId, batch]));
    const lags = await Promise.all(
      stored.map((batch) => this.acknowledge(batch, byId.get(batch.conversationId)!)),
    );
    for (const { conversationId, turns } of stored) this.unflushed.settle(conversationId, turns);
    const flushed = stored.reduce((sum, batch) => sum + batch.turns.length, 0);
    const turns = Math.max(0, flushed - deadLetters);
    this.metrics.turnsSynced.inc(turns);
    return {
      turns,
      deadLetters,
      unfinished: stored.filter((_, index) => lags[index]! > 0).map((each) => each.conversationId),
      held: batches.filter(({ held }) => held).map((each) => each.conversationId),
      numbers: new Map(batches.flatMap(({ numbers }) => [...numbers])),
    };
  }

  /** Flushes one conversation until nothing is unsynced. @throws ServiceError storage_unavailable while it is held. */
  async flushAll(conversationId: string): Promise<void> {
    for (;;) {
      const { unfinished, held } = await this.flush([conversationId]);
      if (held.length > 0) throw storageUnavailable();
      if (unfinished.length === 0) return;
    }
  }

  private async commit(pending: readonly Pending[]): Promise<Committed> {
    try {
      const committed = await this.committer.commit(pending);
      this.refused = false;
      return committed;
    } catch (error) {
      this.refused = true;
      throw error;
    }
  }

  private async collect(conversationId: string): Promise<Pending | null> {
    const unsynced = await this.sessions.unsynced(conversationId, MAX_TURNS, MAX_BYTES);
    if (unsynced && unsynced.turns.length > 0) return { conversationId, ...unsynced };
    // Whatever it held is gone, or committed already: a mark that is still there has to go too.
    if (unsynced) await this.sessions.unmark(conversationId);
    else await this.sessions.drop(conversationId);
    return null;
  }

  /** @returns how many turns of the session are still unsynced. */
  private async acknowledge(batch: Pending, committed: CommittedBatch): Promise<number> {
    const { conversationId, turns, syncedSeq } = batch;
    if (committed.erased) {
      await this.sessions.erase(conversationId);
      return 0;
    }
    const lastSeq = syncedSeq + turns.length;
    const lastId = turns.at(-1)!.id;
    const agreed = turns.every(
      (turn, index) => committed.numbers.get(turn.id) === syncedSeq + 1 + index,
    );
    // Postgres numbers the turns. A session that counts otherwise lacks some: the archive fills it anew.
    const lag = await this.sessions.acknowledge(conversationId, lastSeq, lastId, agreed);
    // It was lost and restored while this was on its way, perhaps from before this commit.
    if (lag < 0) await this.sessions.distrust(conversationId);
    return Math.max(0, lag);
  }
}
