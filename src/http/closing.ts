import type { FastifyInstance } from 'fastify';
import { storageUnavailable } from '../conversation/errors.js';

/** A request that still comes in while the service ends is told to go elsewhere, in a problem as ever. */
export function refuseWhenClosing(fastify: FastifyInstance): void {
  let closing = false;
  fastify.addHook('preClose', async () => {
    closing = true;
  });
  fastify.addHook('onRequest', async () => {
    if (closing) throw storageUnavailable();
  });
}
