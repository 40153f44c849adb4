import type { PinoLogger } from './pino.logger.js';

/**
 * What Node itself would print of a process, in the log's own words: for an error that nobody caught it
 * prints all that hangs on it, contents too. The process ends all the same, as nobody knows its state:
 * what it acknowledged is in a store.
 */
export function logLastWords(logger: PinoLogger): void {
  // A rejection that nobody handles comes here, too.
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal('an error was not caught', error instanceof Error ? error : undefined, 'Process');
    process.exit(1);
  });
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn('Node warns', warning, 'Process'));
}
