import { setTimeout } from 'node:timers/promises';
import { APIError, APIUserAbortError } from 'openai';
import { NoTimeLeft, ReplyCut } from './reply-errors.js';

const MAX_TRIES = 3;

// Half a second, then a second, a quarter less at random, so that many instances do not come back at once.
const FIRST_PAUSE_MS = 500;
const JITTER = 0.25;

export interface TryBounds {
  readonly signal: AbortSignal;
  /** Over all tries and the pauses between them, from now on. */
  readonly timeoutMs: number;
}

/**
 * Tries again what a server refused for a moment: 408, 409, 429, 5xx, or a connection that failed or was
 * cut. Waits as long as the server asks for, where the time suffices. The client's own retries look
 * neither at the signal nor at the deadline, and know nothing of a reply that is cut before its first word.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  { signal, timeoutMs }: TryBounds,
): Promise<T> {
  const startedMs = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === MAX_TRIES || signal.aborted || !isWorthAnother(error)) throw error;
      const pauseMs = retryAfterMs(error) ?? backoffMs(tries);
      if (pauseMs >= timeoutMs) throw error;
      if (performance.now() - startedMs + pauseMs >= timeoutMs) {
        throw new NoTimeLeft('no time is left for another try', { cause: error });
      }
      await setTimeout(pauseMs, undefined, { signal });
    }
  }
}

/** The pause that the server asks for, if it does: milliseconds, seconds or a date. */
export function retryAfterMs(error: unknown): number | undefined {
  if (!(error instanceof APIError)) return undefined;
  const headers = error.headers as Headers | undefined;
  const milliseconds = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get('retry-after') ?? '';
  const seconds = Number.parseFloat(value);
  const asked = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(asked) ? undefined : Math.max(0, asked);
}

function isWorthAnother(error: unknown): boolean {
  if (error instanceof ReplyCut) return true;
  if (!(error instanceof APIError) || error instanceof APIUserAbortError) return false;
  const { status } = error as { status: number | undefined };
  // No status: there was no reply.
  return status === undefined || [408, 409, 429].includes(status) || status >= 500;
}

function backoffMs(tries: number): number {
  return FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 - JITTER * Math.random());
}
