import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/http/api-problems.js';
import { rowCounts } from '../support/archive-contents.js';
import { rawRequest } from '../support/raw-request.js';
import { contentKeys, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';

const QUERY = 'What is attention?';
const BODY = JSON.stringify({ query: QUERY });
const JSON_TYPE = 'Content-Type: application/json';
const BYTE_ORDER_MARK = '\uFEFF';

const redis = await createRedis();
const database = await createDatabase();
const service = await startService({ REDIS_URL: redis.url, DATABASE_URL: database.url });
const client = redisClient(redis.url);

async function expectNothingKept(): Promise<void> {
  expect(await contentKeys(client)).toEqual([]);
  expect(await rowCounts(database)).toMatchObject({ conversation_sessions: 0 });
}

/** Sends these bytes as they are. */
async function send(body: string | Buffer, ...lines: string[]) {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const reply = await rawRequest(service.url, 'POST /chat/basic', [...lines, length], body);
  return { status: reply.status, body: JSON.parse(reply.body) as Partial<Problem> };
}

const nested = (levels: number) =>
  `{"query":"${QUERY}","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const wide = (values: number) => `{"query":"${QUERY}","x":[${'1,'.repeat(values - 1)}1]}`;
const fields = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`field${at}`, at]));
/** A query with these bytes in it. */
const withBytes = (...bytes: number[]) =>
  Buffer.concat([Buffer.from(`{"query":"${QUERY}`), Buffer.from(bytes), Buffer.from('"}')]);

const noUtf8: [what: string, body: Buffer][] = [
  ['a byte that is never UTF-8', withBytes(0xff)],
  ['a character that breaks off', withBytes(0xe2, 0x82)],
  ['a character written too long', withBytes(0xc0, 0xaf)],
  ['a surrogate', withBytes(0xed, 0xa0, 0x80)],
  ['Latin-1', Buffer.from(`{"query":"${QUERY} é"}`, 'latin1')],
  ['UTF-16', Buffer.from(`${BYTE_ORDER_MARK}${BODY}`, 'utf16le')],
];

describe('a body that cannot be taken as it is', () => {
  afterEach(expectNothingKept);

  it.each(noUtf8)('is refused for %s, and not mended in silence', async (_, body) => {
    expect(await send(body, JSON_TYPE)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: 'Send the body in UTF-8.' },
    });
  });

  it.each(['iso-8859-1', '"utf-16"', 'us-ascii'])('is refused for the charset %s', async (name) => {
    expect(await send(BODY, `${JSON_TYPE}; charset=${name}`)).toMatchObject({
      status: 400,
      body: { detail: 'Send the body in UTF-8.' },
    });
  });

  it.each(['gzip', 'deflate', 'br', 'gzip, identity'])('is refused for being %s', async (name) => {
    expect(await send(gzipSync(BODY), JSON_TYPE, `Content-Encoding: ${name}`)).toMatchObject({
      status: 400,
      body: { detail: 'Send the body without a Content-Encoding.' },
    });
  });

  it.each([
    ['17 levels deep', nested(16)],
    ['as deep as a body can be', nested(120_000)],
    ['deep, and no JSON', '[{'.repeat(60_000)],
    ['of more than 10,000 values', wide(10_000)],
    ['of more than 2,000 keys', JSON.stringify({ query: QUERY, ...fields(2000) })],
    ['of nothing but objects', `[${'{},'.repeat(80_000)}{}]`],
  ])('is refused for being %s, before anything is made of it', async (_, body) => {
    expect(await send(body, JSON_TYPE)).toMatchObject({
      status: 400,
      body: { detail: 'Send JSON of at most 16 levels, 10000 values and 2000 keys.' },
    });
  });

  it.each([
    ['a form', `query=${QUERY}`, 'application/x-www-form-urlencoded'],
    ['a text', BODY, 'text/plain'],
    ['a problem', BODY, 'application/problem+json'],
    ['something like JSON', BODY, 'application/jsonp'],
    ['a file', BODY, 'multipart/form-data; boundary=x'],
  ])('is refused for being %s', async (_, body, type) => {
    expect(await send(body, `Content-Type: ${type}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('is refused for a thousand unknown fields in a reply that names some', async () => {
    const unknown = JSON.stringify({ query: QUERY, ...fields(1000) });
    const { status, body } = await send(unknown, JSON_TYPE);
    expect({ status, errors: body.errors?.length }).toEqual({ status: 400, errors: 20 });
  });
});

it.each([
  ['with its charset', BODY, `${JSON_TYPE}; charset="UTF-8"`],
  ['with a charset in capitals', BODY, `${JSON_TYPE};Charset=Utf-8`],
  ['that says that it is encoded in nothing', BODY, `${JSON_TYPE}\r\nContent-Encoding: identity`],
  ['behind a byte order mark', `${BYTE_ORDER_MARK}${BODY}`, JSON_TYPE],
])('a body %s is taken', async (_, body, line) => {
  expect((await send(body, line)).status).toBe(200);
});

it('no body at all is none, whatever type it is said to have', async () => {
  const lines = [JSON_TYPE, 'Content-Length: 0'];
  const path = '/conversations/5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';
  for (const line of [`POST ${path}/end`, `DELETE ${path}`]) {
    const { body } = await rawRequest(service.url, line, lines);
    expect(JSON.parse(body)).toMatchObject({ code: 'conversation_not_found' });
  }
  expect(await send('', JSON_TYPE)).toMatchObject({ status: 400 });
});
