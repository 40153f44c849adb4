import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ERROR_CODES, ServiceError } from '../conversation/errors.js';
import { PROBLEM_TYPE, problemBody } from './problem-body.js';

// Closed at once, a connection whose last bytes nobody has read takes the reply with it.
const LINGER_MS = 1_000;

/**
 * Answers what never becomes a request, as it is no HTTP, too slow or too long: a problem like any other,
 * and the end of the connection. In the middle of another reply, only the end.
 */
export function answerBrokenRequests(server: Server): void {
  const replies = new WeakMap<Socket, ServerResponse>();
  server.prependListener('request', (request: IncomingMessage, reply: ServerResponse) => {
    replies.set(request.socket, reply);
  });
  // An expectation that nobody knows may be ignored; Node would refuse it without a word.
  server.on('checkExpectation', (request: IncomingMessage, reply: ServerResponse) => {
    server.emit('request', request, reply);
  });
  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const reply = replies.get(socket);
    const isAnswering = reply?.headersSent === true && !reply.writableFinished;
    if (error.code === 'ECONNRESET' || isAnswering) socket.destroy();
    else if (socket.writable) {
      socket.end(replyTo(error));
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
  });
}

function replyTo(error: NodeJS.ErrnoException): string {
  const problem = problemOf(error);
  const { status } = ERROR_CODES[problem.code];
  const body = problemBody(problem);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${randomUUID()}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function problemOf({ code }: NodeJS.ErrnoException): ServiceError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError('request_timeout', 'Send the whole request at once.');
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError('headers_too_large', 'Send at most 16 KiB of headers.');
    default:
      return new ServiceError('invalid_request', 'Send HTTP/1.1.');
  }
}
