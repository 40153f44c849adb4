import { Injectable } from '@nestjs/common';
import { deadlineReached } from '../engine-failure.js';
import { untilAborted } from '../until-aborted.js';
import type { PaperShelf } from './paper.js';
import { PaperIndex } from './paper-index.js';

// An import is found a minute later at most, and a busy service asks the shelf 60 times an hour.
const RECHECK_AFTER_MS = 60_000;

// What an answer may lose to a slow shelf; after that it takes the index that is there.
const LONGEST_WAIT_MS = 500;

/**
 * Holds the index of the papers and renews it when the shelf has changed.
 * Guaranteed: once an index is there, a shelf that fails or hangs costs one answer a minute half a
 * second, and the others nothing. Not guaranteed: the very newest papers. The first index has to be
 * waited for.
 */
@Injectable()
export class PaperSearch {
  private index: PaperIndex | undefined;
  private version: string | undefined;
  private checkedAtMs = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;

  constructor(
    private readonly shelf: PaperShelf,
    private readonly nowMs: () => number,
  ) {}

  /** @throws the shelf's error, or the signal's reason, while there is no index yet. */
  async current(signal: AbortSignal): Promise<PaperIndex> {
    const isDue = this.nowMs() - this.checkedAtMs >= RECHECK_AFTER_MS;
    if (isDue) {
      this.refreshing ??= this.refresh().finally(() => {
        this.refreshing = undefined;
      });
    }
    if (this.refreshing && !this.index) await untilAborted(this.refreshing, signal);
    else if (this.refreshing && isDue) await atMost(LONGEST_WAIT_MS, this.refreshing, signal);
    if (!this.index) throw new Error('the first index of the papers failed');
    return this.index;
  }

  private async refresh(): Promise<void> {
    const hadIndex = this.index !== undefined;
    // Taken before the shelf is asked: one that hangs is not asked again by every answer.
    if (hadIndex) this.checkedAtMs = this.nowMs();
    const version = await this.shelf.version();
    if (version !== this.version) {
      this.index = await PaperIndex.of(await this.shelf.all());
      this.version = version;
    }
    this.checkedAtMs = this.nowMs();
  }
}

async function atMost(limitMs: number, work: Promise<void>, signal: AbortSignal): Promise<void> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(deadlineReached()), limitMs);
  // Whatever went wrong, the index of before is still good; the shelf is asked again in a minute.
  await untilAborted(work, AbortSignal.any([limit.signal, signal])).catch(() => undefined);
  clearTimeout(timer);
}
