import 'reflect-metadata';
import { createApp } from './app.setup.js';
import { readEnvironment } from './config/environment.js';
import { logLastWords } from './logging/last-words.js';
import { PinoLogger } from './logging/pino.logger.js';
import { shutDown } from './shutdown.js';
import { describeStartFailure } from './start-failure.js';

async function main(): Promise<void> {
  const environment = await readEnvironment();
  logLastWords(new PinoLogger(environment.logLevel));
  const app = await createApp(environment);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Nest's own hooks would raise the signal again, and a shutdown that went well must exit with 0.
    process.once(signal, () => void shutDown(app, environment.shutdownGraceMs));
  }
  await app.listen(environment.port, environment.host);
}

main().catch((error: unknown) => {
  console.error(describeStartFailure(error));
  process.exit(1);
});
