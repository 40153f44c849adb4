import {
  type Bucket,
  MONDAY_MS,
  type TimeRange,
  type UsageFigures,
} from '../persistence/figures.statements.js';
import type { BucketUsageDto, HourOfWeekUsageDto, UsageDto } from './analytics.dto.js';
import { DAY_MS } from './figures-query.js';

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const LENGTHS_MS = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS };

type Usage = Pick<UsageDto, keyof UsageDto>;

const NOTHING: Usage = {
  conversations: 0,
  turns: 0,
  active_users: 0,
  p50_latency_ms: null,
  p95_latency_ms: null,
  prompt_tokens: 0,
  completion_tokens: 0,
};

/** One row for each bucket that the range touches, also where nothing happened: a chart would draw over a gap. */
export function usageRows(
  figures: readonly UsageFigures[],
  { fromMs, toMs }: TimeRange,
  bucket: Exclude<Bucket, 'hour_of_week'>,
): BucketUsageDto[] {
  const usageAt = usageByStart(figures);
  const lengthMs = LENGTHS_MS[bucket];
  const firstMs = fromMs - mod(fromMs - MONDAY_MS, lengthMs);
  const count = Math.ceil((toMs - firstMs) / lengthMs);
  return Array.from({ length: count }, (_, index) => {
    const startMs = firstMs + index * lengthMs;
    return { start: new Date(startMs).toISOString(), ...usageAt(startMs) };
  });
}

/** All 168 hours of a week, Monday first: what happened in each of them, in all weeks together. */
export function hourOfWeekRows(figures: readonly UsageFigures[]): HourOfWeekUsageDto[] {
  const usageAt = usageByStart(figures);
  return Array.from({ length: WEEK_HOURS }, (_, index) => ({
    weekday: Math.floor(index / 24) + 1,
    hour: index % 24,
    ...usageAt(MONDAY_MS + index * HOUR_MS),
  }));
}

function usageByStart(figures: readonly UsageFigures[]): (startMs: number) => Usage {
  const byStart = new Map(figures.map((each) => [each.startMs, toUsage(each)]));
  return (startMs) => byStart.get(startMs) ?? NOTHING;
}

const toUsage = (figures: UsageFigures): Usage => ({
  conversations: figures.conversations,
  turns: figures.turns,
  active_users: figures.activeUsers,
  p50_latency_ms: figures.p50LatencyMs,
  p95_latency_ms: figures.p95LatencyMs,
  prompt_tokens: figures.promptTokens,
  completion_tokens: figures.completionTokens,
});

const mod = (value: number, by: number): number => ((value % by) + by) % by;
