import { describe, expect, it } from 'vitest';
import { type Rule, RULES } from './rules.js';
import { runSchedule } from './schedule.js';

const SCHEDULES = 3000;
// A rule that is missed only where several things go wrong at once takes this many to be missed for sure.
const SCHEDULES_WITHOUT = 6000;
// Some ten times what it takes.
const TIMEOUT_MS = 180_000;

describe('the write-behind protocol', () => {
  it(
    'loses, doubles, reorders and revives nothing, whatever breaks',
    () => {
      let acknowledged = 0;
      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const { violations, turns } = runSchedule(seed, new Set());
        expect([...violations], `schedule ${seed}`).toEqual([]);
        acknowledged += turns.size;
      }
      expect(acknowledged).toBeGreaterThan(5 * SCHEDULES);
    },
    TIMEOUT_MS,
  );

  it.each(
    Object.entries(RULES).map(([rule, about]) => [about.promise, about.breaks, rule] as const),
  )(
    'rests on this: %s; else %s',
    (_, breaks, rule) => {
      expect(isBrokenWithout(rule as Rule, breaks)).toBe(true);
    },
    TIMEOUT_MS,
  );
});

function isBrokenWithout(rule: Rule, violation: string): boolean {
  for (let seed = 1; seed <= SCHEDULES_WITHOUT; seed++) {
    if (runSchedule(seed, new Set([rule])).violations.has(violation)) return true;
  }
  return false;
}
