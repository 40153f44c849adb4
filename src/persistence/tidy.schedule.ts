import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Database } from './database.js';
import { Tidying } from './tidying.js';

/** Tidies once a day, at night. */
@Injectable()
export class TidySchedule {
  private readonly logger = new Logger(TidySchedule.name);

  constructor(
    private readonly tidying: Tidying,
    private readonly database: Database,
  ) {}

  @Cron(CronExpression.EVERY_DAY_AT_3AM, { name: 'tidy', waitForCompletion: true })
  async tick(): Promise<void> {
    if (this.database.breaker.isOpen) return;
    try {
      const report = await this.tidying.run();
      if (!report) return;
      this.logger.log(`tidied: ${report.archived} archived, ${report.erased} erased`);
    } catch {
      this.logger.warn('the conversations could not all be tidied; the next night goes on');
    }
  }
}
