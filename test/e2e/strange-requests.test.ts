import { expect, it } from 'vitest';
import { rawRequest, type RawReply } from '../support/raw-request.js';
import { startService } from '../support/service.js';

const CANARY = 'canary-4711';
const BODY = JSON.stringify({ query: 'What is attention?' });
const POST = 'POST /chat/basic';
const JSON_LINES = ['Content-Type: application/json', `Content-Length: ${BODY.length}`];
const UUID = /^[0-9a-f-]{36}$/;

const service = await startService({ HISTORY_MODE: 'client' });
const send = (line: string, headers: readonly string[], body = '') =>
  rawRequest(service.url, line, headers, body);

function expectRefused(reply: RawReply, status: number, code: string) {
  expect(reply.status).toBe(status);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  expect(reply.headers.get('x-request-id')).toMatch(UUID);
  expect(JSON.parse(reply.body)).toMatchObject({ status, code });
  expect(reply.body).not.toContain(CANARY);
}

it.each([
  ['GET', `/${CANARY}`],
  ['GET', `/chat/basic?${CANARY}`],
  ['DELETE', '/chat/basic'],
  ['POST', `/chat/${CANARY}`],
  ['GET', `/../../etc/passwd?${CANARY}`],
  ['POST', '//chat//basic'],
  ['PROPFIND', '/'],
  ['TRACE', '/chat/basic'],
  ['OPTIONS', '/chat/basic'],
  ['OPTIONS', '*'],
  ['GET', `/conversations/${'x'.repeat(101)}`],
  ['DELETE', `/conversations/${'x'.repeat(8000)}`],
])('knows no route %s %s', async (method, path) => {
  expectRefused(await send(`${method} ${path}`, []), 404, 'route_not_found');
});

it.each(['/conversations/%zz/end', `/conversations/${CANARY}%/end`, '/%c0%ae'])(
  'refuses a path that has no meaning: %s',
  async (path) => {
    const reply = await send(`POST ${path}`, []);
    expect([400, 404]).toContain(reply.status);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
    expect(reply.headers.get('x-request-id')).toMatch(UUID);
    expect(reply.body).not.toContain(CANARY);
  },
);

it.each([
  ['twice', ['X-Request-Id: one', 'X-Request-Id: two']],
  ['with spaces', ['X-Request-Id: a b']],
  ['with quotes', ['X-Request-Id: "a"']],
  ['too long', [`X-Request-Id: ${'a'.repeat(65)}`]],
  ['empty', ['X-Request-Id:']],
  ['in foreign letters', ['X-Request-Id: é']],
])('makes a request id of its own where one is given %s', async (_, lines) => {
  const reply = await send(POST, [...JSON_LINES, ...lines], BODY);
  expect(reply.status).toBe(200);
  expect(reply.headers.get('x-request-id')).toMatch(UUID);
});

it('takes a body in chunks', async () => {
  const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
  const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  expect((await send(POST, lines, chunked)).status).toBe(200);
});

it('takes a content type with its character set', async () => {
  const lines = ['Content-Type: application/json; charset=utf-8', JSON_LINES[1]!];
  expect((await send(POST, lines, BODY)).status).toBe(200);
});

it('refuses a body of chunks over 256 KiB that does not say its length', async () => {
  const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
  const large = BODY.padEnd(256 * 1024 + 1);
  const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
  expectRefused(await send(POST, lines, chunked), 413, 'payload_too_large');
});

it('refuses a content type that comes twice', async () => {
  const reply = await send(POST, ['Content-Type: text/plain', ...JSON_LINES], BODY);
  expectRefused(reply, 400, 'invalid_request');
});

it('answers HEAD as it answers GET, without a body', async () => {
  const reply = await send('HEAD /health/live', []);
  expect(reply).toMatchObject({ status: 200, body: '' });
});

it('takes a request that expects to be told to go on, or anything else', async () => {
  expect((await send(POST, [...JSON_LINES, 'Expect: 100-continue'], BODY)).status).toBe(100);
  expect((await send(POST, [...JSON_LINES, `Expect: ${CANARY}`], BODY)).status).toBe(200);
});

it.each([
  ['a line that is no HTTP', 'NONSENSE', [], '', 400, 'invalid_request'],
  ['a header without a colon', POST, ['no colon here'], '', 400, 'invalid_request'],
  ['a length below zero', POST, ['Content-Length: -1'], BODY, 400, 'invalid_request'],
  ['two lengths', POST, ['Content-Length: 1', 'Content-Length: 2'], '1', 400, 'invalid_request'],
  [
    'a length beside chunks',
    POST,
    ['Content-Length: 1', 'Transfer-Encoding: chunked'],
    '0\r\n\r\n',
    400,
    'invalid_request',
  ],
  ['a space before the colon', POST, [`X-Smuggled : ${CANARY}`], '', 400, 'invalid_request'],
  ['a NUL in a header', POST, [`X-Odd: ${CANARY}\0`], '', 400, 'invalid_request'],
  ['20 KiB of headers', POST, [`X-Long: ${CANARY.repeat(2000)}`], '', 431, 'headers_too_large'],
  ['an address of 20 KiB', `GET /${CANARY.repeat(2000)}`, [], '', 431, 'headers_too_large'],
])('refuses %s', async (_, line, headers, body, status, code) => {
  expectRefused(await send(line, headers, body), status, code);
});

it('still answers after requests that are no HTTP', async () => {
  // Answered before all of it has come: what the other side sees is a matter of time.
  await send(POST, [...JSON_LINES, `X-Long: ${'x'.repeat(5_000_000)}`], BODY).catch(() => null);
  await send('\0\0\0\0', ['\0']).catch(() => null);
  await send('CONNECT example.org:443', []).catch(() => null);
  expect((await service.request('GET', '/health/live')).status).toBe(200);
});
