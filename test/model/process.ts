/**
 * What runs until the next yield is atomic; in between anything may happen, to anybody.
 * `waits`: it has nothing to do before another one is over.
 */
export type Process<T = void> = Generator<'waits' | undefined, T, undefined>;

/** Redis did not do, or did not say, what it was asked. */
export class RedisDown extends Error {}
/** Postgres did not, or nobody can: a 503, after which nothing is promised. */
export class Unavailable extends Error {}
/** A 404 or a 412: the turn is not taken. */
export class Denied extends Error {}
/** Postgres refuses these very turns; the transaction left nothing. */
export class Poison extends Error {}

// Thrown all the time: a stack trace for each would take half of the run.
export const REDIS_DOWN = new RedisDown();
export const UNAVAILABLE = new Unavailable();
export const DENIED = new Denied();
export const POISON = new Poison();

/** Lets an expected failure pass, and nothing else: a crash ends whatever runs. */
export function ignore(error: unknown, ...expected: (new () => Error)[]): void {
  if (!expected.some((kind) => error instanceof kind)) throw error;
}

/** What runs in the background and fails, the sweep repeats. */
export function* leftToTheSweep(work: Process<unknown>): Process {
  try {
    yield* work;
  } catch (error) {
    ignore(error, RedisDown, Unavailable);
  }
}
