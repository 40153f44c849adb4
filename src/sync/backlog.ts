import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { ServiceError } from '../conversation/errors.js';
import { Census, type HotTierCount } from '../session/census.js';

const RETRY_AFTER_SECONDS = 30;

/** Keeps the turns that only Redis has below a limit: better a refused turn than a full Redis. */
@Injectable()
export class Backlog {
  private counted: HotTierCount | undefined;
  // Turns of this instance since that count.
  private addedSince = 0;

  constructor(
    private readonly census: Census,
    private readonly environment: Environment,
  ) {}

  /** A turn was accepted. The limit is exact for this instance, and seconds behind for the others. */
  noteAppended(): void {
    this.addedSince++;
  }

  /** @throws ServiceError too_many_unsynced. */
  async assertRoom(): Promise<void> {
    const count = await this.census.count();
    if (count !== this.counted) {
      this.counted = count;
      this.addedSince = 0;
    }
    if (count.unsyncedTurns + this.addedSince < this.environment.maxUnsyncedTurns) return;
    throw new ServiceError(
      'too_many_unsynced',
      'Too many turns wait for the database; try again when it is back.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
}
