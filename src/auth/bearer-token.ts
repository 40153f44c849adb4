import type { FastifyRequest } from 'fastify';

// Longer than any token of a sane issuer, and quickly refused.
const MAX_CHARACTERS = 8192;

/** The token that a request bears: undefined when it has no Authorization, null when that is not one bearer token. */
export function bearerToken({ raw }: FastifyRequest): string | null | undefined {
  // Node drops all but the first of several, and a proxy may have looked at the last.
  const given = raw.headersDistinct['authorization'] ?? [];
  if (given.length === 0) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(given[0]!)?.[1];
  return given.length === 1 && token && token.length <= MAX_CHARACTERS ? token : null;
}
