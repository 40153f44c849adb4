import { APIError, APIUserAbortError } from 'openai';
import { ServiceError } from '../conversation/errors.js';
import { NoTimeLeft, ReplyCut, ReplyUnreadable, Silence } from './reply-errors.js';
import { retryAfterMs } from './retries.js';

// What a server may make the callers of ours wait.
const LONGEST_RETRY_AFTER_SECONDS = 3_600;

/** The reason with which a deadline aborts; `AbortSignal.timeout` uses the same name. */
export const deadlineReached = (): DOMException =>
  new DOMException('The deadline was reached.', 'TimeoutError');

/** What the caller is told when no answer came about: 504 after a deadline, 502 for all else. */
export function engineFailure(cause: unknown, signal: AbortSignal): ServiceError {
  if (cause instanceof ServiceError) return cause;
  if (isTimeout(signal.aborted ? signal.reason : cause)) {
    const message = 'The answer took too long; ask again.';
    return new ServiceError('answer_engine_timeout', message, { cause });
  }
  const waitMs = retryAfterMs(cause);
  return new ServiceError('answer_engine_failed', 'No answer came about; ask again.', {
    cause,
    ...(waitMs !== undefined && { retryAfterSeconds: toSeconds(waitMs) }),
  });
}

/**
 * Whether a failure says that the server is away or unfit, and not that this request was at fault, or
 * that nobody wanted the answer. An answer that is still being given at the deadline is merely long.
 */
export function isServerAtFault(
  failure: unknown,
  signal: AbortSignal,
  hasSpoken: boolean,
): boolean {
  if (signal.aborted) return isTimeout(signal.reason) && !hasSpoken;
  if (failure instanceof NoTimeLeft) return isServerAtFault(failure.cause, signal, hasSpoken);
  if (failure instanceof ReplyCut || failure instanceof Silence) return true;
  if (failure instanceof ReplyUnreadable) return !failure.blamesRequest;
  if (!(failure instanceof APIError) || failure instanceof APIUserAbortError) return false;
  const { status } = failure as { status: number | undefined };
  return status === undefined || status === 408 || status >= 500;
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TimeoutError';

const toSeconds = (milliseconds: number): number =>
  Math.min(Math.max(1, Math.ceil(milliseconds / 1000)), LONGEST_RETRY_AFTER_SECONDS);
