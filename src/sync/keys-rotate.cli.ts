import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { EnvironmentModule } from '../config/environment.module.js';
import { type Environment, readEnvironment } from '../config/environment.js';
import { InvalidEnvironment } from '../config/variables.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { PersistenceModule } from '../persistence/persistence.module.js';
import { SessionModule } from '../session/session.module.js';
import { KeyRotation, type RotationReport } from './key-rotation.js';
import { progressBar } from './progress-bar.js';

// `npm run keys:rotate`: wraps all data keys by the first of ENCRYPTION_KEYS; exit status 1 when any is left.

class RotationTool {}

/** The stores that this mode keeps conversations in. */
function storesOf({ historyMode, databaseUrlGiven }: Environment) {
  const archives = historyMode !== 'redis' || databaseUrlGiven;
  return [
    ...(historyMode === 'database' ? [] : [SessionModule]),
    ...(archives ? [PersistenceModule] : []),
  ];
}

async function main(): Promise<void> {
  const environment = await readEnvironment();
  if (environment.encryptionKeys.length === 0) {
    const takes = 'the new key first, then those that are in use';
    throw new InvalidEnvironment('ENCRYPTION_KEYS', 'nothing', takes);
  }
  const app = await NestFactory.createApplicationContext(
    {
      module: RotationTool,
      imports: [
        EnvironmentModule.forRoot(environment),
        MetricsModule,
        CryptoModule,
        ...storesOf(environment),
      ],
      providers: [KeyRotation],
    },
    { logger: ['error'], abortOnError: false },
  );
  const bar = progressBar('re-wrapping');
  bar.start(1, 0);
  try {
    const report = await app.get(KeyRotation).run((done, total) => {
      bar.setTotal(total);
      bar.update(done);
    });
    bar.stop();
    console.log(describe(report));
    process.exitCode = report.unreadable + report.inUse === 0 ? 0 : 1;
  } finally {
    bar.stop();
    await app.close();
  }
}

function describe({ rewrapped, current, unreadable, inUse }: RotationReport): string {
  const line = `${rewrapped} keyrings re-wrapped, ${current} already current, ${unreadable} unreadable`;
  return inUse === 0 ? line : `${line}, ${inUse} in use: run it again`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
