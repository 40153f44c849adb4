import { COUNTS, type Count, noCounts } from './counts.js';
import { isRule, type Rule, RULES } from './rules.js';
import { runSchedule } from './schedule.js';

const USAGE = 'usage: npm run model -- [schedules] [seed] [--without RULE] [--rules]';
const DEFAULT_SCHEDULES = 20_000;
const SHOWN = 10;
const COUNTED = Object.keys(COUNTS) as Count[];
const LINE_EVERY_MS = 5000;

/** @returns the exit status: 1 when anything was violated. */
export function main(args: readonly string[]): number {
  if (args.includes('--rules')) {
    for (const [rule, { promise }] of Object.entries(RULES)) console.log(`${rule}: ${promise}`);
    return 0;
  }
  const at = args.indexOf('--without');
  const without = at < 0 ? undefined : args[at + 1];
  const removed = new Set<Rule>();
  if (at >= 0) {
    if (without === undefined || !isRule(without)) return complain(`no such rule: ${without}`);
    removed.add(without);
  }
  const [schedules = DEFAULT_SCHEDULES, seed = 1] = args
    .filter((_, index) => at < 0 || (index !== at && index !== at + 1))
    .map(Number);
  if (![schedules, seed].every(Number.isSafeInteger)) return complain('that is no number');
  return check(schedules, seed, removed);
}

function check(schedules: number, firstSeed: number, removed: ReadonlySet<Rule>): number {
  const total = noCounts();
  const violations = new Map<string, number[]>();
  let turns = 0;
  let shownMs = performance.now();
  for (let done = 0; done < schedules; done++) {
    const seed = firstSeed + done;
    const ledger = runSchedule(seed, removed);
    turns += ledger.turns.size;
    for (const count of COUNTED) total[count] += ledger.counts[count];
    for (const what of ledger.violations) {
      violations.set(what, [...(violations.get(what) ?? []), seed]);
    }
    if (performance.now() - shownMs < LINE_EVERY_MS) continue;
    shownMs = performance.now();
    console.log(`${done + 1} of ${schedules} schedules, ${violations.size} kinds of violation`);
  }
  for (const [what, seeds] of violations) {
    console.log(`${what}: ${seeds.length} schedules, seeds ${seeds.slice(0, SHOWN).join(' ')}`);
  }
  for (const count of COUNTED) console.log(`${total[count]} ${COUNTS[count]}`);
  const missing = [...removed].map((rule) => ` without ${rule}`).join('');
  const violated = [...violations.values()].reduce((sum, seeds) => sum + seeds.length, 0);
  console.log(
    `${schedules} schedules${missing}, ${turns} acknowledged turns, ${violated} violations`,
  );
  return violated > 0 ? 1 : 0;
}

function complain(why: string): number {
  console.error(`${why}\n${USAGE}`);
  return 2;
}
