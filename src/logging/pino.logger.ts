import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';

// Thirty lines at each start that only a developer of the service wants to see.
const FRAMEWORK_WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);
// With line and column: a text within a message may begin with "at" as well.
const STACK_PLACE = /^\s+at .+:\d+:\d+\)?$/;
const MAX_PLACES = 8;

/**
 * Nest's log as JSON lines. Objects and errors are reduced to their names and places in the code: a
 * driver's error text or detail may hold a question or an answer, and a log must not.
 */
export class PinoLogger implements LoggerService {
  readonly pino: Logger;

  constructor(level: string) {
    this.pino = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
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

const placesOf = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((line) => STACK_PLACE.test(line))
    .slice(0, MAX_PLACES)
    .map((line) => line.trim());

/** Name, code and places in the code: all of an error that is safe to write down. */
function describeError(error: Error): Record<string, unknown> {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    error: error.name,
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { at: placesOf(error.stack.replace(error.message, '')) }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  };
}
