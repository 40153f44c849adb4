import { parseArgs } from 'node:util';
import { ensureBuild, MAIN } from '../../scripts/setup/build.mjs';
import { openDataFolder } from '../../scripts/setup/data-folder.mjs';
import { readSettings } from '../../scripts/setup/environment.mjs';
import { alone } from '../../scripts/setup/lock.mjs';
import { SetupError } from '../../scripts/setup/messages.mjs';
import { showProgress } from '../support/progress.js';
import { Run } from './run.js';
import { ADMIN_TOKEN, Stage } from './stage.js';

const USAGE = 'usage: npm run fuzz -- [--requests 100000] [--seed N] [--main dist/src/main.js]';
const INTERRUPTED = 130;

interface Options {
  readonly seed: number;
  readonly requests: number;
  readonly main: string;
}

/** @returns the exit status: 0 only when nothing was found. */
export async function main(args: string[], stop: AbortSignal): Promise<number> {
  const { seed, requests, main } = readOptions(args);
  if (main === MAIN) {
    const folder = openDataFolder(readSettings());
    await alone(folder, 'set-up', stop, () => ensureBuild(folder, stop));
  }
  console.log(
    `fuzzing with seed ${seed}: ${requests} requests to a private service; Ctrl-C ends it`,
  );
  const crashes: string[] = [];
  const stage = await Stage.open(main, (what) => crashes.push(what));
  try {
    await stage.service.start();
    const run = new Run({ seed, requests, adminToken: ADMIN_TOKEN }, stage, crashes, stop);
    const endProgress = showProgress(() => run.progress());
    await run.perform().finally(endProgress);
    if (stop.aborted) return INTERRUPTED;
    return report(run);
  } finally {
    await stage.close();
  }
}

function report(run: Run): number {
  const { findings, serverErrors, unavailable, crashes, memory, sent, options } = run;
  const { seed } = options;
  for (const finding of findings) console.log(`seed ${seed}: ${finding}`);
  const statuses = [...run.statuses].toSorted(([a], [b]) => a - b);
  console.log(`replies: ${statuses.map(([status, count]) => `${status} ${count}`).join(', ')}`);
  const [before, after] = [memory.before.toFixed(0), memory.after.toFixed(0)];
  console.log(
    `fuzz seed ${seed}: ${sent} requests, ${serverErrors} 5xx, ${unavailable} 503 while a store seemed away, ` +
      `${crashes.length} crashes, ${findings.length} findings, RSS ${before} MiB after the warm-up, ${after} MiB at the end`,
  );
  return findings.length === 0 ? 0 : 1;
}

function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { seed: text, requests: text, main: text } });
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000));
  const requests = Number(values.requests ?? 100_000);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(requests)) throw new SetupError(USAGE);
  return { seed, requests, main: values.main ?? MAIN };
}
