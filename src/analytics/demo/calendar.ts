const HOUR_MS = 3_600_000;
const DAYS = 30;
const HOURS = DAYS * 24;

// Students: little sleep, a lunch break, evenings more than mornings; Sundays to catch up, hardly any Saturdays.
const BY_HOUR = [
  3, 2, 1, 1, 1, 1, 2, 4, 8, 13, 16, 15, 10, 12, 16, 17, 15, 13, 12, 14, 17, 16, 11, 6,
];
const SUNDAY_FIRST = [0.8, 1, 1.15, 1.1, 1.05, 0.75, 0.4];
// The service becomes known in the course of the month.
const FIRST_DAY = 0.5;

export interface DemoHour {
  readonly startMs: number;
  /** How much of the month has gone by when it ends, in time; and in turns. */
  readonly timeShare: number;
  readonly turnShare: number;
}

/** The hours of the month that ends now, oldest first, as busy as those of a university. */
export function demoHours(nowMs: number): DemoHour[] {
  const endMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const starts = Array.from({ length: HOURS }, (_, index) => endMs - (HOURS - index) * HOUR_MS);
  const weights = starts.map((startMs, index) => {
    const time = new Date(startMs);
    const growth = FIRST_DAY + ((1 - FIRST_DAY) * index) / HOURS;
    return BY_HOUR[time.getUTCHours()]! * SUNDAY_FIRST[time.getUTCDay()]! * growth;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let soFar = 0;
  return starts.map((startMs, index) => {
    soFar += weights[index]!;
    return { startMs, timeShare: (index + 1) / HOURS, turnShare: soFar / total };
  });
}
