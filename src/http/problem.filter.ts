import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ERROR_CODES, ServiceError } from '../conversation/errors.js';

/** The one place that turns an error into HTTP: RFC 9457, `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    this.send(thrown, host.switchToHttp().getResponse<FastifyReply>());
  }

  /** For errors that arise before the framework has a route, too. */
  send(thrown: unknown, reply: FastifyReply): void {
    const error = toServiceError(thrown);
    const { status, title, retryable } = ERROR_CODES[error.code];
    if (error.code === 'internal') this.logger.error('a request failed', error.cause);
    if (error.retryAfterSeconds !== undefined) {
      void reply.header('Retry-After', String(error.retryAfterSeconds));
    }
    void reply
      .status(status)
      .type('application/problem+json; charset=utf-8')
      .send(
        JSON.stringify({
          type: `urn:openta:error:${error.code}`,
          title,
          status,
          detail: error.message,
          code: error.code,
          ...(error.fields && { errors: error.fields }),
          retryable,
        }),
      );
  }
}

/** Errors that the framework throws before our code is reached have a status, and get a code here. */
function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  switch (statusOf(thrown)) {
    case 404:
      return new ServiceError('route_not_found', 'There is no such route; /docs lists them.');
    case 413:
      return new ServiceError('payload_too_large', 'Send a body of at most 256 KiB.');
    case 400:
    case 415:
      return new ServiceError('invalid_request', 'Send a JSON object as application/json.');
    default:
      return new ServiceError('internal', 'Something went wrong here, not in your request.', {
        cause: thrown,
      });
  }
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
