/** Every error code of the service with its HTTP status and whether the same request may succeed later. */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: 'Invalid request', retryable: false },
  unauthenticated: { status: 401, title: 'Not authenticated', retryable: false },
  forbidden: { status: 403, title: 'Forbidden', retryable: false },
  route_not_found: { status: 404, title: 'No such route', retryable: false },
  conversation_not_found: { status: 404, title: 'Conversation not found', retryable: false },
  turn_not_found: { status: 404, title: 'Turn not found', retryable: false },
  request_timeout: { status: 408, title: 'Request took too long', retryable: true },
  idempotency_in_progress: { status: 409, title: 'Request in progress', retryable: true },
  search_unavailable: { status: 409, title: 'Search is not available', retryable: false },
  not_in_this_mode: { status: 409, title: 'Not in this mode', retryable: false },
  conversation_changed: { status: 412, title: 'Conversation has changed', retryable: false },
  payload_too_large: { status: 413, title: 'Payload too large', retryable: false },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused', retryable: false },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  headers_too_large: { status: 431, title: 'Headers too large', retryable: false },
  internal: { status: 500, title: 'Internal error', retryable: false },
  decryption_failed: { status: 500, title: 'Contents cannot be decrypted', retryable: false },
  answer_engine_failed: { status: 502, title: 'The answer engine failed', retryable: true },
  storage_unavailable: { status: 503, title: 'Storage is unavailable', retryable: true },
  identity_unavailable: { status: 503, title: 'Identity is unavailable', retryable: true },
  too_many_unsynced: { status: 503, title: 'Too many unsynced turns', retryable: true },
  answer_engine_timeout: { status: 504, title: 'The answer engine took too long', retryable: true },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One invalid field: where it is, and what it takes. Never its value. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface ServiceErrorOptions extends ErrorOptions {
  readonly fields?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

/**
 * The one error class of the service. `message` is shown to the caller: it says what to do and
 * never holds a question, an answer, a token or the name of a host. What happened stays in `cause`.
 */
export class ServiceError extends Error {
  readonly fields: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { fields, retryAfterSeconds, ...options }: ServiceErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'ServiceError';
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const hasCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof ServiceError && error.code === code;

/** A missing conversation and one of somebody else get this same error: the difference is a secret. */
export const conversationNotFound = (): ServiceError =>
  new ServiceError('conversation_not_found', 'There is no such conversation for this caller.');

export const turnNotFound = (): ServiceError =>
  new ServiceError('turn_not_found', 'There is no such turn in this conversation.');

export const conversationChanged = (): ServiceError =>
  new ServiceError(
    'conversation_changed',
    'The conversation has other turns by now; read it again.',
  );

export const idempotencyInProgress = (): ServiceError =>
  new ServiceError(
    'idempotency_in_progress',
    'The first request with this Idempotency-Key is still being answered; try again soon.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );

export const idempotencyKeyReused = (): ServiceError =>
  new ServiceError(
    'idempotency_key_reused',
    'This Idempotency-Key stands for another body; use a new key for a new request.',
  );

export const decryptionFailed = (cause?: unknown): ServiceError =>
  new ServiceError(
    'decryption_failed',
    'The contents of this conversation cannot be decrypted; ENCRYPTION_KEYS has to hold every key that is in use.',
    { cause },
  );

/** Only somebody who is known has anything of their own. */
export function assertKnown(owner: string | null): asserts owner is string {
  if (owner !== null) return;
  throw new ServiceError(
    'forbidden',
    'Callers have no identity here (AUTH_MODE=none), and so nothing of their own; name a conversation instead.',
  );
}

export const notInThisMode = (what: string): ServiceError =>
  new ServiceError('not_in_this_mode', `${what} is not possible in this HISTORY_MODE.`);

export const storageUnavailable = (cause?: unknown): ServiceError =>
  new ServiceError('storage_unavailable', 'The turn cannot be kept or read now; try again soon.', {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });

// The breakers probe every half second, so two seconds is the soonest that a retry is worth its cost.
const RETRY_AFTER_SECONDS = 2;
