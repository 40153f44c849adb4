// With line and column: a text within a message may begin with "at" as well.
const STACK_PLACE = /^\s+at .+:\d+:\d+\)?$/;
const MAX_PLACES = 8;

export interface ErrorDescription {
  readonly error: string;
  readonly code?: string;
  readonly at?: readonly string[];
  readonly cause?: ErrorDescription;
}

/**
 * Name, code and places in the code: all of an error that is safe to write down. Its text, and whatever else a
 * driver or a client hung on it (`detail`, `parameters`, `command`, `body`), may be what a user wrote.
 */
export function describeError(error: Error): ErrorDescription {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    error: error.name,
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { at: placesOf(error.stack.replace(error.message, '')) }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  };
}

export const placesOf = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((line) => STACK_PLACE.test(line))
    .slice(0, MAX_PLACES)
    .map((line) => line.trim());
