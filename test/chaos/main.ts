import { parseArgs } from 'node:util';
import { ensureBuild, MAIN } from '../../scripts/setup/build.mjs';
import { openDataFolder } from '../../scripts/setup/data-folder.mjs';
import { readSettings } from '../../scripts/setup/environment.mjs';
import { alone } from '../../scripts/setup/lock.mjs';
import { SetupError } from '../../scripts/setup/messages.mjs';
import { Book } from './book.js';
import { breakEverything } from './breakage.js';
import { Dice } from './dice.js';
import { showProgress } from './progress.js';
import { Run } from './run.js';
import { Stage } from './stage.js';
import { talk } from './talk.js';
import { judge, type Verdict } from './verdict.js';

const USAGE = 'usage: npm run chaos -- [--seed N] [--turns 5000] [--main dist/src/main.js]';
const TALKS_AT_ONCE = 20;
const INTERRUPTED = 130;
const SHOWN = 20;

interface Options {
  readonly seed: number;
  readonly turns: number;
  readonly main: string;
}

/** @returns the exit status: 0 only when every promise was kept. */
export async function main(args: string[], stop: AbortSignal): Promise<number> {
  const { seed, turns, main } = readOptions(args);
  if (main === MAIN) {
    const folder = openDataFolder(readSettings());
    await alone(folder, 'set-up', stop, () => ensureBuild(folder, stop));
  }
  // Half of all runs: whether contents are sealed must not matter to anything.
  const isEncrypted = seed % 2 === 0;
  const how = isEncrypted ? ', encrypted' : '';
  console.log(`chaos with seed ${seed}: ${turns} turns on private servers${how}; Ctrl-C ends it`);
  const book = new Book();
  const stage = await Stage.open(main, book, isEncrypted);
  let status = 1;
  try {
    const run = new Run(seed, turns, stage, book, stop);
    status = await perform(run);
    return status;
  } finally {
    await stage.close({ keepLogs: status === 1 });
    if (status === 1) console.log(`what happened when is in ${stage.logFolder}`);
  }
}

async function perform(run: Run): Promise<number> {
  const { stage, seed, stop } = run;
  await Promise.all(stage.instances.map((instance) => instance.start()));
  const endProgress = showProgress(run);
  try {
    await Promise.all([
      breakEverything(run),
      ...Array.from({ length: TALKS_AT_ONCE }, (_, index) =>
        talks(run, new Dice(seed, 100 + index)),
      ),
    ]);
  } finally {
    endProgress();
  }
  if (stop.aborted) return INTERRUPTED;
  if (!(await stage.drain())) run.book.complain('the stores do not come to rest');
  for (const violation of await stage.verify()) run.book.complain(violation);
  return report(run, await judge(run));
}

async function talks(run: Run, dice: Dice): Promise<void> {
  while (!run.isOver) await talk(run, dice);
}

function report(run: Run, verdict: Verdict): number {
  const { seed, counts, book } = run;
  const { acknowledged, lost, doubled, reordered, erasedYetThere, wentWithRedis } = verdict;
  const failures = [
    ...lost.map((what) => `lost: ${what}`),
    ...doubled.map((what) => `doubled: ${what}`),
    ...reordered.map((what) => `reordered: ${what}`),
    ...erasedYetThere.map((id) => `erased, and there: ${id}`),
    ...book.complaints,
  ];
  for (const failure of failures.slice(0, SHOWN)) console.log(`seed ${seed}: ${failure}`);
  if (failures.length > SHOWN) console.log(`… and ${failures.length - SHOWN} more`);
  const seconds = ((performance.now() - run.startedMs) / 1000).toFixed(0);
  console.log(
    `${run.faults} faults in ${seconds} s; ${counts.refused} requests refused or cut off; ` +
      `${verdict.overtaking} turns overtook one that Redis held; ${counts.shortHistories} histories ` +
      `lacked a turn, and ${counts.reappeared} erased conversations took one, while something was broken`,
  );
  console.log(
    `chaos seed ${seed}: ${acknowledged} acknowledged, lost ${lost.length}, doubled ${doubled.length}, ` +
      `reordered ${reordered.length}, ${wentWithRedis} accepted turns went with Redis`,
  );
  return failures.length > 0 ? 1 : 0;
}

function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { seed: text, turns: text, main: text } });
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000));
  const turns = Number(values.turns ?? 5000);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(turns)) throw new SetupError(USAGE);
  return { seed, turns, main: values.main ?? MAIN };
}
