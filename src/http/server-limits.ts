import type { ServerOptions } from 'node:http';

/** How long a connection may take for what; all of it about receiving, nothing about answering. */
export interface ServerLimits {
  readonly headersTimeoutMs: number;
  /** Headers and body together. */
  readonly requestTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** A connection outstays its time by at most this. */
  readonly checkEveryMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  // 256 KiB within it are 9 KB/s: the slowest phone can do that, and whoever drips bytes on purpose cannot stay.
  requestTimeoutMs: 30_000,
  // Longer than the 60 s for which load balancers keep a connection: the side that closes first must not be ours.
  keepAliveTimeoutMs: 72_000,
  checkEveryMs: 1_000,
};

// Node's own default, said because it is promised: a token of 8 KiB and the usual headers fit.
const MAX_HEADER_BYTES = 16 * 1024;

interface FastifyServerLimits {
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly http: ServerOptions;
}

/**
 * Limits against slow clients, in the framework's words. A socket that is merely silent is never cut while
 * its request is being answered: an engine thinks for a minute, and a stream of events goes on for many.
 */
export function limitedServer(limits: ServerLimits): FastifyServerLimits {
  return {
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  };
}
