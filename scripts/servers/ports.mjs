import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ranges from which Linux (32768) and macOS (49152) take the ports of outgoing connections: otherwise one
// of those could sit on a server's port while it restarts.
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const TRIES = 100;

/**
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<boolean>}
 */
export function isPortFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A port that is free now on 127.0.0.1; somebody else may still be quicker to use it. @param {number} [except] */
export async function freePort(except) {
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (port !== except && (await isPortFree(port))) return port;
  }
  throw new Error(`No free port between ${LOWEST_PORT} and ${HIGHEST_PORT} on 127.0.0.1.`);
}
