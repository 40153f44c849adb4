import { isRule, type Rule, RULES } from './rules.js';
import { runSchedule } from './schedule.js';

const USAGE = 'usage: node test/model/protocol.mjs [schedules] [seed] [--without RULE] [--rules]';
const DEFAULT_SCHEDULES = 20_000;
const SHOWN = 10;

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
  const total = { turns: 0, trustedReads: 0, staleReads: 0, overtaken: 0, wentWithRedis: 0 };
  const violations = new Map<string, number[]>();
  for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
    const ledger = runSchedule(seed, removed);
    total.turns += ledger.turns.size;
    for (const key of ['trustedReads', 'staleReads', 'overtaken', 'wentWithRedis'] as const) {
      total[key] += ledger.counts[key];
    }
    for (const what of ledger.violations) {
      violations.set(what, [...(violations.get(what) ?? []), seed]);
    }
  }
  for (const [what, seeds] of violations) {
    console.log(`${what}: ${seeds.length} schedules, seeds ${seeds.slice(0, SHOWN).join(' ')}`);
  }
  const missing = [...removed].map((rule) => ` without ${rule}`).join('');
  console.log(
    `${schedules} schedules${missing}, ${total.turns} acknowledged turns, ${violations.size} kinds of violation; ` +
      `${total.wentWithRedis} accepted turns went with Redis before their flush; ` +
      `${total.overtaken} pairs overtaken around Redis; ` +
      `${total.staleReads} of ${total.trustedReads} trusted reads missed an acknowledged turn`,
  );
  return violations.size > 0 ? 1 : 0;
}

function complain(why: string): number {
  console.error(`${why}\n${USAGE}`);
  return 2;
}
