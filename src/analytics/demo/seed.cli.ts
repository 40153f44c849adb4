import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { ShippedPapers } from '../../answer/papers/shipped-papers.js';
import { EnvironmentModule } from '../../config/environment.module.js';
import { readEnvironment } from '../../config/environment.js';
import { CryptoModule } from '../../crypto/crypto.module.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { DemoData } from '../../persistence/demo-data.js';
import { PersistenceModule } from '../../persistence/persistence.module.js';
import { progressBar } from '../../sync/progress-bar.js';
import { DemoSeed } from './seed.js';

// `npm run seed:demo`: a month of believable conversations in Postgres, in place of those of an earlier run.

const DEFAULT_TURNS = 20_000;
const USAGE =
  'usage: npm run seed:demo -- [--turns 20000] [--seed 1] [--yes: beside other conversations] [--remove]';

class SeedTool {}

interface Arguments {
  readonly turns: number;
  readonly seed: number;
  readonly yes: boolean;
  readonly remove: boolean;
}

function readArguments(args: string[]): Arguments {
  const boolean = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const options = { turns: text, seed: text, yes: boolean, remove: boolean };
  try {
    const { values } = parseArgs({ args, options });
    const turns = wholeNumber(values.turns ?? String(DEFAULT_TURNS));
    return { ...values, turns, seed: wholeNumber(values.seed ?? '1') };
  } catch {
    throw new Error(USAGE);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new Error(USAGE);
  return Number(text);
}

async function main(): Promise<void> {
  const { turns, seed, yes, remove } = readArguments(process.argv.slice(2));
  const environment = EnvironmentModule.forRoot(await readEnvironment());
  const app = await NestFactory.createApplicationContext(
    {
      module: SeedTool,
      imports: [environment, MetricsModule, CryptoModule, PersistenceModule],
      providers: [DemoData, DemoSeed],
    },
    { logger: ['error'], abortOnError: false },
  );
  try {
    if (!remove && !yes && (await app.get(DemoData).hasOthers())) {
      throw new Error(
        'This database has conversations that are no demo data; --yes adds demo data beside them.',
      );
    }
    const demo = app.get(DemoSeed);
    const removed = await withBar('removing', (progress) => demo.remove(progress));
    console.log(`${removed} demo conversations removed`);
    if (remove) return;
    const papers = await new ShippedPapers().all();
    const options = { turns, seed, nowMs: Date.now(), papers };
    const made = await withBar('seeding', (progress) => demo.fill(options, progress));
    console.log(`${made} demo conversations of ${turns} turns added`);
  } finally {
    await app.close();
  }
}

async function withBar(
  doing: string,
  work: (progress: (done: number, total: number) => void) => Promise<number>,
): Promise<number> {
  const bar = progressBar(doing);
  bar.start(1, 0);
  try {
    return await work((done, total) => {
      bar.setTotal(total);
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
