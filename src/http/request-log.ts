import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** The caller's own `x-request-id` when it can do no harm in a log, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Every reply bears its request's id, and nobody on the way keeps it: it is somebody's own. */
export function markReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('Cache-Control', 'no-store');
}

/** Marks replies before all else: a preflight is answered on the way to the router. */
export function markReplies(adapter: FastifyAdapter): void {
  adapter.setOnRequestHook((request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    markReply(request, reply);
    done();
  });
}

/**
 * Each request leaves one line: the route's pattern, never an id, a query or a body.
 * One that the caller did not wait for, or that was cut, says so.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => {
      const line = {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 100) / 100,
        ...(!reply.raw.writableFinished && { cut: true }),
      };
      logger[reply.statusCode >= 500 ? 'warn' : 'info'](line, 'request');
    });
  });
}
