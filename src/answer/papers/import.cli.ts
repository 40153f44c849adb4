import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { Presets, SingleBar } from 'cli-progress';
import { EnvironmentModule } from '../../config/environment.module.js';
import { readEnvironment } from '../../config/environment.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { PersistenceModule } from '../../persistence/persistence.module.js';
import { linesOf } from './lines.js';
import type { PaperStore } from './paper.js';
import { describeImport, type ImportReport, importPapers } from './paper-import.js';
import { StoredPapers } from './stored-papers.js';

// `npm run papers:import -- FILE.jsonl`: fills the shelf in Postgres from a file of one paper a line.

const LINE_EVERY_MS_WITHOUT_TERMINAL = 2_000;

class PaperImport {}

async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error('usage: npm run papers:import -- FILE.jsonl');
  const { size } = await stat(file);
  const environment = EnvironmentModule.forRoot(await readEnvironment());
  const app = await NestFactory.createApplicationContext(
    {
      module: PaperImport,
      imports: [environment, MetricsModule, PersistenceModule],
      providers: [StoredPapers],
    },
    { logger: ['error'], abortOnError: false },
  );
  try {
    const report = await importFile(file, size, app.get(StoredPapers));
    console.log(describeImport(report));
    if (report.added + report.updated === 0) process.exitCode = 1;
  } finally {
    await app.close();
  }
}

async function importFile(file: string, bytes: number, store: PaperStore): Promise<ImportReport> {
  const bar = new SingleBar(
    {
      format: 'reading {bar} {percentage} % | {value} of {total} bytes | {eta_formatted} left',
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS_WITHOUT_TERMINAL,
    },
    Presets.shades_classic,
  );
  const input = createReadStream(file, { encoding: 'utf8' });
  async function* pieces(): AsyncGenerator<string> {
    for await (const piece of input) {
      bar.update(input.bytesRead);
      yield piece as string;
    }
  }
  bar.start(bytes, 0);
  try {
    return await importPapers(linesOf(pieces()), store);
  } finally {
    bar.stop();
  }
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
