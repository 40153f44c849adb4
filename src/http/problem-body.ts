import { ERROR_CODES, type ServiceError } from '../conversation/errors.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** An error in the words of RFC 9457. */
export function problemBody(error: ServiceError): string {
  const { status, title, retryable } = ERROR_CODES[error.code];
  return JSON.stringify({
    type: `urn:openta:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.fields && { errors: error.fields }),
    retryable,
  });
}
