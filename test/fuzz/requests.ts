import fc from 'fast-check';
import { bodyFor } from './bodies.js';
import { type OpenApiDocument, type Route, routesOf } from '../support/contract.js';
import { id, oddText } from './values.js';

/** A request that HTTP allows, whatever it says. */
export interface FuzzedRequest {
  readonly kind: 'request';
  readonly method: string;
  /** Encoded where it has to be. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** Bytes on a connection that may be no HTTP at all. */
export interface FuzzedBytes {
  readonly kind: 'bytes';
  readonly bytes: Buffer;
}

export type Fuzzed = FuzzedRequest | FuzzedBytes;

/** Everything that the run sends: mostly requests to the routes of the contract, of which it forgets none. */
export function fuzzed(document: OpenApiDocument, adminToken: string): fc.Arbitrary<Fuzzed> {
  const schemas = document.components?.schemas ?? {};
  const toRoutes = routesOf(document).map((route) => {
    const body = bodyFor(route.body, schemas);
    const method = usually(route.method, fc.constantFrom(...METHODS));
    const sent = route.body ? usually(body, NO_BODY) : usually(NO_BODY, body);
    // A body is what most can be wrong with.
    const weight = route.body ? 6 : 1;
    const arbitrary = request(method, pathOf(route), headersOf(route, adminToken), sent);
    return { weight, arbitrary };
  });
  const anywhere = request(
    fc.constantFrom(...METHODS),
    fc.array(oddText(), { maxLength: 4 }).map((parts) => `/${parts.map(encoded).join('/')}`),
    fc.dictionary(headerName(), headerText(), { maxKeys: 6 }),
    usually<Buffer | null>(bodyFor(null, schemas), NO_BODY),
  );
  return fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...toRoutes) },
    { weight: 1, arbitrary: anywhere },
    { weight: 1, arbitrary: brokenHttp() },
  );
}

const NO_BODY = fc.constant<Buffer | null>(null);
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=latin1',
  'application/json;;;',
  '',
  'a/b/c',
];

function request(
  method: fc.Arbitrary<string>,
  path: fc.Arbitrary<string>,
  headers: fc.Arbitrary<Record<string, string>>,
  body: fc.Arbitrary<Buffer | null>,
): fc.Arbitrary<FuzzedRequest> {
  return fc.record({ kind: fc.constant('request' as const), method, path, headers, body });
}

/** Nine times of ten the first. */
const usually = <T>(one: T | fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 9, arbitrary: one instanceof fc.Arbitrary ? one : fc.constant(one) },
    { weight: 1, arbitrary: other },
  );

function pathOf({ path, query }: Route): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => (part.startsWith('{') ? id() : fc.constant(part)));
  const name = query.length > 0 ? fc.constantFrom(...query) : oddText();
  const value = fc.oneof(oddText(), fc.integer().map(String), fc.constantFrom('asc', 'true'));
  return fc
    .tuple(fc.tuple(...parts), fc.array(fc.tuple(name, value), { maxLength: 3 }))
    .map(([segments, pairs]) => {
      const search = pairs.map((pair) => pair.map(encoded).join('=')).join('&');
      return segments.map(encoded).join('/') + (search && `?${search}`);
    });
}

/** A lone surrogate has no UTF-8, so no escape: it is sent as bytes that are none, either. */
const encoded = (text: string): string =>
  text.isWellFormed() ? encodeURIComponent(text) : text.replace(/[^\w]/g, '%ED%A0%80');

function headersOf(route: Route, adminToken: string): fc.Arbitrary<Record<string, string>> {
  const names = [...new Set(['x-request-id', 'origin', ...route.headers.map(lower)])];
  const own = Object.fromEntries(names.map((name) => [name, headerText()]));
  const token = route.path.startsWith('/admin') || route.path.startsWith('/analytics') ? 1 : 0;
  const authorization = fc.oneof(
    { weight: 10, arbitrary: fc.constant('') },
    { weight: 5, arbitrary: headerText().map((text) => `Bearer ${text}`) },
    { weight: token, arbitrary: fc.constant(`Bearer ${adminToken}`) },
  );
  return fc
    .tuple(
      usually('application/json', fc.constantFrom(...CONTENT_TYPES)),
      authorization,
      fc.record(own, { requiredKeys: [] }),
      usually('', fc.constantFrom('gzip', 'br', 'identity', 'x')),
      fc.dictionary(headerName(), headerText(), { maxKeys: 2 }),
    )
    .map(([type, bearer, known, encoding, others]) => ({
      ...others,
      ...known,
      'content-type': type,
      ...(bearer && { authorization: bearer }),
      ...(encoding && { 'content-encoding': encoding }),
    }));
}

const lower = (text: string): string => text.toLowerCase();

// What says where a body ends is for the bytes below: here it would only confuse the client.
const FRAMING =
  /^(content-length|transfer-encoding|connection|host|expect|upgrade|trailer|te|keep-alive)$/;

const headerName = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      'accept',
      'cookie',
      'range',
      'if-none-match',
      'last-event-id',
      'x-forwarded-for',
    ),
    fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((name) => !FRAMING.test(name)),
  );

// The numbers are fair guesses at an If-Match.
const headerText = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('"0"', '"1"', '"2"', '*', '""', 'a', 'x'.repeat(300), 'é', '"', ',', 'null'),
    fc.stringMatching(/^[\x21-\x7e\x80-\xff]{0,40}$/),
  );

/** Requests as text, with anything in any place. */
function brokenHttp(): fc.Arbitrary<FuzzedBytes> {
  const line = fc.oneof(
    fc.constantFrom('POST /chat/basic HTTP/1.1', 'GET /health/live HTTP/1.0', 'GET * HTTP/9.9'),
    oddText(),
  );
  const header = fc.oneof(
    fc.constantFrom(
      'Host: x',
      'Content-Length: 5',
      'Content-Length: 99999999999999999999',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: identity, chunked',
      'Connection: upgrade',
      'Upgrade: websocket',
      'Expect: nonsense',
      'Content-Type: application/json',
      ' folded: line',
    ),
    oddText(),
  );
  const end = fc.constantFrom('\r\n', '\n', '\r');
  const text = fc
    .tuple(line, fc.array(header, { maxLength: 6 }), end, oddText())
    .map(([first, rest, ending, body]) => [first, ...rest, '', body].join(ending));
  return fc
    .oneof(
      text.map((each) => Buffer.from(each)),
      fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each)),
    )
    .map((bytes) => ({ kind: 'bytes' as const, bytes }));
}
