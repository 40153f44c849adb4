import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuild } from '../../../scripts/setup/build.mjs';
import { openDataFolder } from '../../../scripts/setup/data-folder.mjs';
import { readSettings } from '../../../scripts/setup/environment.mjs';
import { alone } from '../../../scripts/setup/lock.mjs';
import { SetupError } from '../../../scripts/setup/messages.mjs';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { planned } from './plans.js';
import { kindsOf, type Kind } from './requests.js';
import { Servers } from './servers.js';

const USAGE = 'usage: npm run bench:archive -- [--turns 1000000] [--sealed] [--keep FOLDER]';
const INTERRUPTED = 130;

/** @returns the exit status: 0 only when Postgres never read all of the turns. */
export async function main(args: string[], stop: AbortSignal): Promise<number> {
  const { turns, isSealed, keep } = readOptions(args);
  const setup = openDataFolder(readSettings());
  await alone(setup, 'set-up', stop, () => ensureBuild(setup, stop));
  const folder = keep ?? (await temporaryFolder());
  const servers = await Servers.open(folder, isSealed);
  try {
    await servers.fill(turns, stop);
    if (stop.aborted) return INTERRUPTED;
    await servers.startService();
    const kinds = await kindsOf(servers, isSealed);
    console.log(`${await servers.count()} turns; milliseconds over HTTP, one request at a time\n`);
    console.log(
      `${'request'.padEnd(24)} ${'times'.padStart(6)} ${'p50'.padStart(8)} ${'p95'.padStart(8)}`,
    );
    for (const kind of kinds) {
      if (stop.aborted) return INTERRUPTED;
      console.log(await timed(servers, kind));
    }
    const plans = await planned(servers, kinds);
    console.log(
      `\n${plans.count} plans, ${plans.sequential} with a sequential scan of conversation_messages`,
    );
    return plans.count > 0 && plans.sequential === 0 ? 0 : 1;
  } finally {
    await servers.close();
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function timed(servers: Servers, { name, paths }: Kind): Promise<string> {
  const times: number[] = [];
  // Once for the caches, as on any day but the first: from a cold disk one or the other takes too long, and says so.
  for (const { path, headers } of paths) {
    await servers.get(path, headers).catch(() => undefined);
  }
  for (const { path, headers } of paths) {
    const startedMs = performance.now();
    await servers.get(path, headers);
    times.push(performance.now() - startedMs);
  }
  times.sort((one, other) => one - other);
  const share = (part: number) => times[Math.ceil(part * times.length) - 1]!.toFixed(1).padStart(8);
  return `${name.padEnd(24)} ${String(times.length).padStart(6)} ${share(0.5)} ${share(0.95)}`;
}

function readOptions(args: string[]) {
  const options = {
    turns: { type: 'string', default: '1000000' },
    sealed: { type: 'boolean', default: false },
    keep: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args, options });
  const turns = Number(values.turns);
  if (!Number.isSafeInteger(turns) || turns < 1) throw new SetupError(USAGE);
  const keep = values.keep && resolve(process.env['INIT_CWD'] ?? process.cwd(), values.keep);
  return { turns, isSealed: values.sealed, keep };
}
