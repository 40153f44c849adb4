import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { EnvironmentModule } from '../config/environment.module.js';
import { readEnvironment } from '../config/environment.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { progressBar } from './progress-bar.js';
import { Verify } from './verify.js';
import { VerifyModule } from './verify.module.js';

// `npm run verify`: checks the invariants over both stores; exit status 1 when one is violated.

class VerifyTool {}

async function main(): Promise<void> {
  const environment = EnvironmentModule.forRoot(await readEnvironment());
  const app = await NestFactory.createApplicationContext(
    { module: VerifyTool, imports: [environment, MetricsModule, VerifyModule] },
    { logger: ['error'], abortOnError: false },
  );
  const bar = progressBar('verifying');
  bar.start(1, 0);
  try {
    const violations = await app.get(Verify).run((done, total) => {
      bar.setTotal(total);
      bar.update(done);
    });
    bar.stop();
    for (const { invariant, conversationId, detail } of violations) {
      console.log(`violated: ${invariant}: conversation ${conversationId}: ${detail}`);
    }
    console.log(`${violations.length} violations`);
    process.exitCode = violations.length === 0 ? 0 : 1;
  } finally {
    bar.stop();
    await app.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
