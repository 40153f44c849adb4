import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { ServiceError } from '../conversation/errors.js';
import { Database } from './database.js';
import {
  type Bucket,
  type CohortFigures,
  cohortsOf,
  sourceTopicsOf,
  type TimeRange,
  type TopicFigures,
  type TopicLimits,
  type UsageFigures,
  usageOf,
} from './figures.statements.js';
import { type KeywordFigures, keywordsOf } from './keyword.statements.js';
import { sqlstateOf } from './sqlstate.js';

// Below the client's own timeout, which would take a slow count for a server that is away, and shut it to everybody.
const COUNTED_WITHIN_MS = 4000;
const CANCELLED = '57014';
const RETRY_AFTER_SECONDS = 10;

// Half of the work is done by parallel workers where there are any; the planner, for which handing over rows is dear,
// would do without. Compiling a query takes longer than running it.
const SETTINGS = `
  set transaction read only;
  set local statement_timeout = ${COUNTED_WITHIN_MS};
  set local jit = off;
  set local work_mem = '64MB';
  set local parallel_setup_cost = 10;
  set local parallel_tuple_cost = 0`;

/**
 * Counts what the archive holds, for the operators. Guaranteed: one figure is counted at a time, so chats keep their
 * connections however many are asked for; what takes too long is given up, and shuts Postgres to nobody.
 */
@Injectable()
export class ArchiveFigures {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly database: Database) {}

  usage(range: TimeRange, bucket: Bucket): Promise<UsageFigures[]> {
    return this.count((client) => usageOf(client, range, bucket));
  }

  sourceTopics(range: TimeRange, limits: TopicLimits): Promise<TopicFigures[]> {
    return this.count((client) => sourceTopicsOf(client, range, limits));
  }

  keywords(range: TimeRange, limits: TopicLimits): Promise<KeywordFigures[]> {
    return this.count((client) => keywordsOf(client, range, limits));
  }

  /** Of the users who came first in this range, and of what they did in it. */
  cohorts(range: TimeRange): Promise<CohortFigures[]> {
    return this.count((client) => cohortsOf(client, range));
  }

  /** @throws ServiceError storage_unavailable. */
  private count<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const counted = this.last.then(() => this.countNow(work));
    this.last = counted.catch(() => undefined);
    return counted;
  }

  private async countNow<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await this.database.transaction(async (client) => {
        await client.query(SETTINGS);
        return work(client);
      });
    } catch (error) {
      throw sqlstateOf(error) === CANCELLED ? tooSlow(error) : error;
    }
  }
}

const tooSlow = (cause: unknown): ServiceError =>
  new ServiceError(
    'storage_unavailable',
    'These figures take too long to count now; ask for a shorter range, or later.',
    { cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
