import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { READ_WITHIN_MS, readWithin } from './bounded-read.js';
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
import { KEYWORD_SETTINGS, type KeywordFigures, keywordsOf } from './keyword.statements.js';
import { Replicas } from './replicas.js';

// Half of the work is done by parallel workers where there are any; the planner, for which handing over rows is dear,
// would do without. Compiling a query takes longer than running it.
const BOUNDS = {
  withinMs: READ_WITHIN_MS,
  tooSlow: 'These figures take too long to count now; ask for a shorter range, or later.',
  settings: `
    set local jit = off;
    set local work_mem = '64MB';
    set local parallel_setup_cost = 10;
    set local parallel_tuple_cost = 0;`,
};

/**
 * Counts what the archive holds, for the operators. Guaranteed: one figure is counted at a time, so chats keep their
 * connections however many are asked for; what takes too long is given up, and shuts Postgres to nobody.
 */
@Injectable()
export class ArchiveFigures {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly replicas: Replicas) {}

  usage(range: TimeRange, bucket: Bucket): Promise<UsageFigures[]> {
    return this.count((client) => usageOf(client, range, bucket));
  }

  sourceTopics(range: TimeRange, limits: TopicLimits): Promise<TopicFigures[]> {
    return this.count((client) => sourceTopicsOf(client, range, limits));
  }

  keywords(range: TimeRange, limits: TopicLimits): Promise<KeywordFigures[]> {
    return this.count((client) => keywordsOf(client, range, limits), KEYWORD_SETTINGS);
  }

  /** Of the users who came first in this range, and of what they did in it. */
  cohorts(range: TimeRange): Promise<CohortFigures[]> {
    return this.count((client) => cohortsOf(client, range));
  }

  /** @throws ServiceError storage_unavailable. */
  private count<T>(work: (client: PoolClient) => Promise<T>, settings = ''): Promise<T> {
    const bounds = { ...BOUNDS, settings: BOUNDS.settings + settings };
    const counted = this.last.then(() => readWithin(this.replicas, bounds, work));
    this.last = counted.catch(() => undefined);
    return counted;
  }
}
