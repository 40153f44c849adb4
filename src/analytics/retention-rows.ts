import {
  type CohortFigures,
  MONDAY_MS,
  type TimeRange,
} from '../persistence/figures.statements.js';
import type { CohortDto } from './analytics.dto.js';
import { DAY_MS } from './figures-query.js';

const WEEK_MS = 7 * DAY_MS;

/** So many weeks, of which the last is the one that is under way. */
export function lastWeeks(weeks: number, nowMs: number): TimeRange {
  const thisWeekMs = nowMs - ((nowMs - MONDAY_MS) % WEEK_MS);
  return { fromMs: thisWeekMs - (weeks - 1) * WEEK_MS, toMs: nowMs };
}

/** One row for each week of the range, also where nobody came; each with all weeks from it up to the last. */
export function retentionRows(
  figures: readonly CohortFigures[],
  { fromMs, toMs }: TimeRange,
): CohortDto[] {
  const byWeek = new Map(figures.map((cohort) => [cohort.weekMs, cohort]));
  const weeks = Math.ceil((toMs - fromMs) / WEEK_MS);
  return Array.from({ length: weeks }, (_, index) => {
    const weekMs = fromMs + index * WEEK_MS;
    const cohort = byWeek.get(weekMs);
    return {
      week: new Date(weekMs).toISOString().slice(0, 10),
      users: cohort?.users ?? 0,
      active: Array.from(
        { length: weeks - index },
        (_each, later) => cohort?.active.get(later) ?? 0,
      ),
    };
  });
}
