import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { EnvironmentModule } from '../config/environment.module.js';
import { type Environment, readEnvironment } from '../config/environment.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { DatabaseTidyRoad, TidyRoad } from '../persistence/tidy-road.js';
import { Tidying, type TidyReport } from '../persistence/tidying.js';
import { SessionModule } from '../session/session.module.js';
import { Eraser } from './eraser.js';
import { HybridTidyRoad } from './hybrid.tidy-road.js';
import { progressBar } from './progress-bar.js';
import { Recovery } from './recovery.js';
import { Refusals } from './refusals.js';
import { Rescue } from './rescue.js';
import { UnflushedTurns } from './unflushed-turns.js';

// `npm run tidy`: what the service does each night, now. With `--dry-run` it only says what that would be.

class TidyTool {}

/** The erasing of both tiers, without the flushes and sweeps of a service. */
const ROAD_THROUGH_BOTH = [UnflushedTurns, Refusals, Recovery, Rescue, Eraser];

function roadOf({ historyMode, databaseUrlGiven }: Environment) {
  if (historyMode === 'hybrid') {
    return {
      imports: [SessionModule, PersistenceModule],
      providers: [...ROAD_THROUGH_BOTH, { provide: TidyRoad, useClass: HybridTidyRoad }],
    };
  }
  if (historyMode === 'client' || (historyMode === 'redis' && !databaseUrlGiven)) {
    throw new Error('nothing is archived in this HISTORY_MODE, so there is nothing to be tidied');
  }
  return {
    imports: [PersistenceModule],
    providers: [{ provide: TidyRoad, useExisting: DatabaseTidyRoad }],
  };
}

async function main(): Promise<void> {
  const [option, ...others] = process.argv.slice(2);
  if (others.length > 0 || (option !== undefined && option !== '--dry-run')) {
    throw new Error('takes --dry-run, or nothing');
  }
  const environment = await readEnvironment();
  const { imports, providers } = roadOf(environment);
  const app = await NestFactory.createApplicationContext(
    {
      module: TidyTool,
      imports: [EnvironmentModule.forRoot(environment), MetricsModule, ...imports],
      providers: [...providers, Tidying],
    },
    { logger: ['error'], abortOnError: false },
  );
  const isDry = option === '--dry-run';
  const bar = progressBar(isDry ? 'looking' : 'tidying');
  bar.start(1, 0);
  const progress = (done: number, total: number) => {
    bar.setTotal(total);
    bar.update(done);
  };
  try {
    const tidying = app.get(Tidying);
    const report = isDry ? await tidying.dryRun(progress) : await tidying.run(progress);
    bar.stop();
    console.log(describe(report, isDry ? 'would be' : 'were'));
    process.exitCode = report ? 0 : 1;
  } finally {
    bar.stop();
    await app.close();
  }
}

function describe(report: TidyReport | null, were: string): string {
  if (!report) return 'an instance is tidying just now';
  const { archived, erased } = report;
  return `${archived} idle conversations ${were} archived, ${erased} archived ones erased`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
