import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { describeError, placesOf } from './describe-error.js';

// Thirty lines at each start that only a developer of the service wants to see.
const FRAMEWORK_WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/**
 * Nest's log as JSON lines. Objects and errors are reduced to their names and places in the code: a
 * driver's error text or detail may hold a question or an answer, and a log must not.
 */
export class PinoLogger implements LoggerService {
  readonly pino: Logger;

  /** @param destination where the lines go, instead of the standard output */
  constructor(level: string, destination?: DestinationStream) {
    const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
    this.pino = destination ? pino(options, destination) : pino(options);
  }

  log(message: unknown, ...rest: unknown[]): void {
    const wiring = FRAMEWORK_WIRING.has(String(rest.at(-1)));
    this.pino[wiring ? 'debug' : 'info'](fields(rest), text(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.pino.error(fields(rest), text(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.pino.warn(fields(rest), text(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.pino.debug(fields(rest), text(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.pino.trace(fields(rest), text(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.pino.fatal(fields(rest), text(message));
  }
}

/** Nest puts the context last, and before it an error or its stack, whose first line is the error's own text. */
function fields(rest: readonly unknown[]): Record<string, unknown> {
  const error = rest.find((each) => each instanceof Error);
  const stack = rest.find((each) => typeof each === 'string' && each.includes('\n'));
  const context = rest.findLast((each) => typeof each === 'string' && !each.includes('\n'));
  return {
    ...(typeof context === 'string' && { context }),
    ...(typeof stack === 'string' && { at: placesOf(stack) }),
    ...(error && describeError(error)),
  };
}

const text = (message: unknown): string =>
  typeof message === 'string' ? message : message instanceof Error ? message.name : 'event';
