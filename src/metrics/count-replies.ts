import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

// Whoever watches the service asks all the time, and is no caller.
const NOT_COUNTED = /^\/(health|metrics)\b/;
const CLASSES = ['2xx', '4xx', '5xx'];

/** Counts the replies by the class of their status. */
export function countReplies(fastify: FastifyInstance, { httpReplies }: Metrics): void {
  // A rate needs the count of before the first one.
  for (const status of CLASSES) httpReplies.inc({ status }, 0);
  fastify.addHook('onResponse', async (request, reply) => {
    if (NOT_COUNTED.test(request.routeOptions.url ?? '')) return;
    httpReplies.inc({ status: `${Math.floor(reply.statusCode / 100)}xx` });
  });
}
