import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { type Doomed, firstBatch } from './archive-erasure.js';
import { IdleConversations, type IdlePage } from './idle-conversations.js';
import { TaskLeases } from './task-leases.js';
import { TidyRoad } from './tidy-road.js';

export interface TidyReport {
  readonly archived: number;
  readonly erased: number;
}

type Progress = (done: number, total: number) => void;

const TASK = 'tidy';

/**
 * Archives what is idle for ARCHIVE_AFTER_DAYS, and erases what is archived for RETENTION_DAYS, in batches. Guaranteed:
 * nothing is put away that has turns which are not in Postgres, or that somebody uses; a turn that is accepted meanwhile
 * brings its conversation back, or is refused. One that is stopped half-way is finished by the next one.
 */
@Injectable()
export class Tidying {
  constructor(
    private readonly environment: Environment,
    private readonly idle: IdleConversations,
    private readonly road: TidyRoad,
    private readonly leases: TaskLeases,
    private readonly metrics: Metrics,
  ) {}

  /** @returns null when another instance is at it. @throws ServiceError storage_unavailable. */
  async run(progress: Progress = () => undefined): Promise<TidyReport | null> {
    // First of all: to count and to look takes longest, and is in vain where another instance does it.
    if (!(await this.leases.hold(TASK))) return null;
    const total = { archived: 0, erased: 0 };
    try {
      for await (const page of this.pages(progress)) {
        await this.archive(page, total);
        await this.erase(page, total);
        if (!(await this.leases.hold(TASK))) return null;
      }
      return total;
    } finally {
      await this.leases.release(TASK).catch(() => undefined);
    }
  }

  /** What `run` would do now, and nothing of it. */
  async dryRun(progress: Progress = () => undefined): Promise<TidyReport> {
    const total = { archived: 0, erased: 0 };
    for await (const { idle, expired } of this.pages(progress)) {
      total.archived += (await this.road.unused(idle)).length;
      const ids = expired.map(({ conversationId }) => conversationId);
      total.erased += (await this.road.unused(ids)).length;
    }
    return total;
  }

  private async *pages(progress: Progress): AsyncGenerator<IdlePage> {
    const total = await this.idle.count();
    let done = 0;
    for (let afterId: string | null = ''; afterId !== null;) {
      const page: IdlePage = await this.idle.page(afterId, this.environment);
      yield page;
      progress((done += page.seen), Math.max(done, total));
      afterId = page.nextId;
    }
  }

  private async archive({ idle, lookedAt }: IdlePage, total: { archived: number }): Promise<void> {
    const unused = await this.road.unused(idle);
    if (unused.length === 0) return;
    const { archiveAfterDays } = this.environment;
    const archived = await this.idle.archive(unused, archiveAfterDays, lookedAt);
    this.metrics.conversationsTidied.inc({ act: 'archived' }, archived);
    total.archived += archived;
  }

  private async erase({ expired }: IdlePage, total: { erased: number }): Promise<void> {
    for (let rest: readonly Doomed[] = expired; rest.length > 0;) {
      const batch = firstBatch(rest);
      const erased = await this.road.erase(batch, this.environment.retentionDays);
      this.metrics.conversationsTidied.inc({ act: 'erased' }, erased);
      total.erased += erased;
      rest = rest.slice(batch.length);
      await this.leases.hold(TASK);
    }
  }
}
