import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ERROR_CODES, ServiceError } from '../conversation/errors.js';
import { PROBLEM_TYPE, problemBody } from './problem-body.js';

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
    if (error.code === 'internal') this.logger.error('a request failed', error.cause);
    if (error.retryAfterSeconds !== undefined) {
      void reply.header('Retry-After', String(error.retryAfterSeconds));
    }
    void reply.status(ERROR_CODES[error.code].status).type(PROBLEM_TYPE).send(problemBody(error));
  }
}

/**
 * Errors that the framework throws before our code is reached have a status, and get a code here. What it
 * blames on the caller is never an error of ours, whatever the status.
 */
function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const status = statusOf(thrown) ?? 500;
  // 414: an id that is longer than any id.
  if (status === 404 || status === 414) {
    return new ServiceError('route_not_found', 'There is no such route.');
  }
  if (status === 413) {
    return new ServiceError('payload_too_large', 'Send a body of at most 256 KiB.');
  }
  if (codeOf(thrown) === 'FST_ERR_BAD_URL') {
    return new ServiceError('invalid_request', 'Send an address that can be decoded.');
  }
  if (status >= 400 && status < 500) {
    return new ServiceError('invalid_request', 'Send a JSON object as application/json.');
  }
  return new ServiceError('internal', 'Something went wrong here, not in your request.', {
    cause: thrown,
  });
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
