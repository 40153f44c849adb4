import { Controller, Get, Headers, Inject, Optional, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ForAdmins } from '../auth/access.js';
import { Environment } from '../config/environment.js';
import { notInThisMode, ServiceError } from '../conversation/errors.js';
import { ArchiveFigures } from '../persistence/archive-figures.js';
import { Vault } from '../crypto/vault.js';
import {
  BUCKETS,
  type TimeRange,
  type TopicFigures,
  type TopicLimits,
} from '../persistence/figures.statements.js';
import { BucketUsageDto, CohortDto, HourOfWeekUsageDto, TopicDto } from './analytics.dto.js';
import { ApiRange, ApiTable } from './api-table.js';
import { FiguresQuery, type RawQuery } from './figures-query.js';
import { COUNTED_FOR_ONE, keywordTopics } from './keyword-topics.js';
import { lastWeeks, retentionRows } from './retention-rows.js';
import { sendTable } from './send-table.js';
import { hourOfWeekRows, usageRows } from './usage-rows.js';

const TOPICS_BY = ['sources', 'keywords'] as const;
const TOPICS = { default: 20, min: 1, max: 200 };
const WEEKS = { default: 12, min: 1, max: 52 };

/** What the operators see of all conversations together: numbers, and topics of several users, never contents. */
@ApiTags('analytics')
@Controller('analytics')
@ForAdmins()
export class AnalyticsController {
  constructor(
    private readonly environment: Environment,
    private readonly vault: Vault,
    @Optional() @Inject(ArchiveFigures) private readonly archive: ArchiveFigures | null,
  ) {}

  @Get('usage')
  @ApiOperation({ summary: 'How much the service was used, over time or by the hour of the week.' })
  @ApiRange()
  @ApiQuery({ name: 'bucket', required: false, enum: BUCKETS })
  @ApiTable(BucketUsageDto, HourOfWeekUsageDto)
  async usage(
    @Query() raw: RawQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | (BucketUsageDto | HourOfWeekUsageDto)[]> {
    const figures = this.present();
    const query = new FiguresQuery(raw);
    const range = query.range(Date.now());
    const bucket = query.oneOf('bucket', BUCKETS, 'day');
    const usage = await figures.usage(range, bucket);
    const rows: (BucketUsageDto | HourOfWeekUsageDto)[] =
      bucket === 'hour_of_week' ? hourOfWeekRows(usage) : usageRows(usage, range, bucket);
    return sendTable(reply, accept, 'usage', rows);
  }

  @Get('topics')
  @ApiOperation({ summary: 'What turns are about, most turns first; only what enough users ask.' })
  @ApiRange()
  @ApiQuery({ name: 'by', required: false, enum: TOPICS_BY })
  @ApiQuery({ name: 'limit', required: false, type: Number })
  @ApiTable(TopicDto)
  async topics(
    @Query() raw: RawQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | TopicDto[]> {
    const figures = this.present();
    const query = new FiguresQuery(raw);
    const range = query.range(Date.now());
    const by = query.oneOf('by', TOPICS_BY, 'sources');
    const maxTopics = query.integer('limit', TOPICS);
    const minUsers = this.environment.topicMinUsers;
    const rows =
      by === 'keywords'
        ? await this.keywords(figures, range, { minUsers, maxTopics })
        : await figures.sourceTopics(range, { minUsers, maxTopics });
    return sendTable(reply, accept, 'topics', rows, ['topic', 'turns', 'users']);
  }

  @Get('retention')
  @ApiOperation({ summary: 'Of the users who came first in a week, how many came again.' })
  @ApiQuery({ name: 'weeks', required: false, type: Number })
  @ApiTable(CohortDto)
  async retention(
    @Query() raw: RawQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | CohortDto[]> {
    const figures = this.present();
    const range = lastWeeks(new FiguresQuery(raw).integer('weeks', WEEKS), Date.now());
    const rows = retentionRows(await figures.cohorts(range), range);
    return sendTable(reply, accept, 'retention', rows);
  }

  private async keywords(
    figures: ArchiveFigures,
    range: TimeRange,
    { minUsers, maxTopics }: TopicLimits,
  ): Promise<TopicFigures[]> {
    if (this.environment.analyticsTopics !== 'keywords') {
      throw new ServiceError('not_in_this_mode', 'ANALYTICS_TOPICS=keywords counts these.');
    }
    const limits = { minUsers, maxTopics: COUNTED_FOR_ONE * maxTopics };
    return keywordTopics(await figures.keywords(range, limits), this.vault, maxTopics);
  }

  /** In `redis` mode an archive holds only what was ended. */
  private present(): ArchiveFigures {
    if (!this.archive || this.environment.historyMode === 'redis') throw notInThisMode('Analytics');
    return this.archive;
  }
}
