import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from './dice.js';
import { type Fault, instanceFaults, postgresFaults, redisFaults } from './faults.js';
import type { Run } from './run.js';

/** Milliseconds; what lasts longer than the timeouts of a request (500) and of a query (5,000) is in it. */
const LASTS_MS = [100, 2500] as const;
const PAUSE_MS = [200, 2500] as const;
// One in so many lasts longer than a query may.
const LONG_ONES = 0.05;
const LONG_MS = 6500;

const COPY_EVERY_MS = [500, 5000] as const;

/** Breaks both stores and the instances, each in turn and at the same time, until the run is over. */
export async function breakEverything(run: Run): Promise<void> {
  const { stage, book, seed } = run;
  const [redis, postgres, instances] = [1, 2, 3].map((part) => new Dice(seed, part));
  await Promise.all([
    breakPart(run, 'Redis', redis!, redisFaults(stage, book, redis!)),
    breakPart(run, 'Postgres', postgres!, postgresFaults(stage, postgres!)),
    breakPart(run, 'instances', instances!, instanceFaults(stage.instances, instances!)),
  ]);
}

async function breakPart(run: Run, part: string, dice: Dice, faults: Fault[]): Promise<void> {
  if (part === 'Redis') await run.stage.redis.copyData();
  for (;;) {
    await wait(run, dice.between(...PAUSE_MS));
    if (run.isOver) return;
    if (part === 'Redis' && dice.chance(0.4)) {
      await run.stage.redis.copyData();
      await wait(run, dice.between(...COPY_EVERY_MS));
    }
    const fault = dice.of(faults);
    const lastsMs = dice.chance(LONG_ONES) ? LONG_MS : dice.between(...LASTS_MS);
    run.breaks(part, fault.name);
    await fault.strike(lastsMs);
    run.mended(part);
  }
}

/** Ends early with the run. */
async function wait(run: Run, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!run.isOver && performance.now() < untilMs) await delay(50);
}
