import { ApiProperty } from '@nestjs/swagger';

/** What was going on in a stretch of time. */
export class UsageDto {
  @ApiProperty({ description: 'Conversations begun.' })
  conversations: number;

  @ApiProperty()
  turns: number;

  @ApiProperty({ description: 'Users with a turn; without identities there are none.' })
  active_users: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Of the answer engine; null: no turn' })
  p50_latency_ms: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p95_latency_ms: number | null;

  @ApiProperty()
  prompt_tokens: number;

  @ApiProperty()
  completion_tokens: number;
}

export class BucketUsageDto extends UsageDto {
  @ApiProperty({ format: 'date-time', description: 'When the bucket begins, in UTC.' })
  start: string;
}

export class HourOfWeekUsageDto extends UsageDto {
  @ApiProperty({ minimum: 1, maximum: 7, description: '1 is Monday; UTC.' })
  weekday: number;

  @ApiProperty({ minimum: 0, maximum: 23, description: 'UTC.' })
  hour: number;
}

export class TopicDto {
  @ApiProperty()
  topic: string;

  @ApiProperty()
  turns: number;

  @ApiProperty()
  users: number;
}

export class CohortDto {
  @ApiProperty({ format: 'date', description: 'A Monday, in UTC.' })
  week: string;

  @ApiProperty({ description: 'Users whose first conversation began in that week.' })
  users: number;

  @ApiProperty({
    type: [Number],
    description: 'How many of them had a turn so many weeks later: the first is that week itself.',
  })
  active: number[];
}
