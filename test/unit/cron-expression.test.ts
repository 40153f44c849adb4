import { CronTime } from 'cron';
import { describe, expect, it } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import { cronExpression } from '../../src/sync/sweep.schedule.js';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Seconds between neighbouring ticks; one value when they are evenly spaced. */
function distances(seconds: number): number[] {
  const time = new CronTime(cronExpression(seconds), 'UTC');
  // Over the end of the minute, hour or day that is divided: there an uneven distance would show.
  const whole = seconds < MINUTE ? MINUTE : seconds < HOUR ? HOUR : DAY;
  const ticks = time.sendAt(Math.ceil(whole / seconds) + 2);
  const found = new Set<number>();
  for (const [index, tick] of ticks.entries()) {
    const before = ticks[index - 1];
    if (before) found.add((tick.toMillis() - before.toMillis()) / 1000);
  }
  return [...found];
}

function isTaken(seconds: number): boolean {
  try {
    return Boolean(new Environment({ SYNC_INTERVAL: String(seconds) }));
  } catch {
    return false;
  }
}

describe('SYNC_INTERVAL', () => {
  it.each([1, 2, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200])(
    '%i sweeps every so many seconds',
    (seconds) => {
      expect(distances(seconds)).toEqual([seconds]);
    },
  );

  it('takes only what can be kept evenly, so that a start never fails on a schedule', () => {
    const everyMinute = Array.from({ length: DAY / MINUTE }, (_, index) => (index + 1) * MINUTE);
    const upToAnHour = Array.from({ length: HOUR }, (_, index) => index + 1);
    const taken = [...new Set([...upToAnHour, ...everyMinute])].filter(isTaken);
    expect(taken).toEqual(expect.arrayContaining([1, 60, 300, 3600]));
    for (const seconds of taken) expect(distances(seconds)).toEqual([seconds]);
  });
});
