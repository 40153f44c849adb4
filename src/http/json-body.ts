import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '../conversation/errors.js';
import { isWithinShape } from './body-shape.js';

// The deepest body that is allowed has metadata of 8 levels; the largest, 50 turns with 100 sources each. An unknown
// key costs the validator a hundred times what an element costs.
const SHAPE = { maxDepth: 16, maxValues: 10_000, maxKeys: 2_000 };
const TOO_MUCH = `Send JSON of at most ${SHAPE.maxDepth} levels, ${SHAPE.maxValues} values and ${SHAPE.maxKeys} keys.`;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/i;

/**
 * JSON is the only body there is. Guaranteed before a validator sees it: it is valid UTF-8 (a decoder
 * would silently put U+FFFD for what is not), it is neither deep nor full of small values, and none of
 * its keys reaches for a prototype.
 */
export function takeJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  // Fastify takes text/plain too.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      // Clients that always say "JSON" say so of nothing, too: a route that takes a body misses it by itself.
      if (body.length === 0) return done(null, undefined);
      const refusal = refusalOf(request, body);
      if (refusal !== null) return done(new ServiceError('invalid_request', refusal));
      return parse(request, body.toString('utf8'), done);
    },
  );
}

/** What to do about a body that cannot be taken, or null. */
function refusalOf({ headers }: FastifyRequest, body: Buffer): string | null {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return 'Send the body without a Content-Encoding.';
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' || !isUtf8(body)) return 'Send the body in UTF-8.';
  return isWithinShape(body, SHAPE) ? null : TOO_MUCH;
}
