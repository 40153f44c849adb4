import { ServiceError } from '../conversation/errors.js';

/** The reason with which a deadline aborts; `AbortSignal.timeout` uses the same name. */
export const deadlineReached = (): DOMException =>
  new DOMException('The deadline was reached.', 'TimeoutError');

/** What the caller is told when no answer came about: 504 after a deadline, 502 for all else. */
export function engineFailure(cause: unknown, signal: AbortSignal): ServiceError {
  if (cause instanceof ServiceError) return cause;
  if (signal.aborted && (signal.reason as Error | undefined)?.name === 'TimeoutError') {
    const message = 'The answer took too long; ask again.';
    return new ServiceError('answer_engine_timeout', message, { cause });
  }
  return new ServiceError('answer_engine_failed', 'No answer came about; ask again.', { cause });
}
