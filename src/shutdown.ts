import type { NestFastifyApplication } from '@nestjs/platform-fastify';

// The engine may take longer than any grace time: what is left belongs to the flush of what was acknowledged.
const SHARE_FOR_TURNS = 0.6;
const CLOSE_IDLE_EVERY_MS = 50;
// Ahead of whoever sent the signal, and kills when the grace time is over.
const EXIT_AHEAD_MS = 500;

/**
 * Ends the service within its grace time: no new requests, the turns under way, the flush, the connections.
 * Guaranteed: it ends in time with 0. What a store that hangs keeps it from flushing stays dirty in Redis,
 * for another instance; a turn that was cut off was not acknowledged.
 */
export async function shutDown(app: NestFastifyApplication, graceMs: number): Promise<never> {
  const server = app.getHttpServer();
  // A connection that was busy at the signal is kept alive after its turn, and would be waited for.
  setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
  setTimeout(() => server.closeAllConnections(), graceMs * SHARE_FOR_TURNS);
  setTimeout(() => process.exit(0), Math.max(0, graceMs - EXIT_AHEAD_MS));
  await app.close();
  process.exit(0);
}
