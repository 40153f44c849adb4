import { LATE, within } from '../breaker/within.js';
import { storageUnavailable } from '../conversation/errors.js';

/**
 * Bounds the wait for a store that may hang although nobody knows it yet: the first who ask wait for the
 * deadline, and whoever comes while one of them still hangs does not wait at all.
 */
export class Patience {
  private overdue = 0;

  constructor(private readonly deadlineMs: number) {}

  /** What has begun goes on. @throws ServiceError storage_unavailable when it is late, and what `work` throws. */
  async wait<T>(work: () => Promise<T>): Promise<T> {
    if (this.overdue > 0) throw storageUnavailable();
    const result = work();
    const outcome = await within(this.deadlineMs, result);
    if (outcome !== LATE) return outcome;
    this.overdue++;
    const arrived = () => void this.overdue--;
    result.then(arrived, arrived);
    throw storageUnavailable();
  }
}
