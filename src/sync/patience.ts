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
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.overdue++;
        const arrived = () => void this.overdue--;
        result.then(arrived, arrived);
        reject(storageUnavailable());
      }, this.deadlineMs);
    });
    return Promise.race([result, late]).finally(() => clearTimeout(timer));
  }
}
