import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { SERVER_LIMITS } from '../../src/http/server-limits.js';
import { LlmStub } from '../support/llm-stub.mjs';
import { startService } from '../support/service.js';

// So short that a test sees them pass; how long exactly decides nothing.
const LIMITS = {
  headersTimeoutMs: 200,
  requestTimeoutMs: 400,
  keepAliveTimeoutMs: 300,
  checkEveryMs: 50,
};
const LONGER_THAN_ALL_MS = 1500;
const DRIP_EVERY_MS = 20;

const engine = await new LlmStub().start();
afterAll(() => engine.stop());
const service = await startService(
  {
    HISTORY_MODE: 'client',
    ANSWER_ENGINE: 'openai',
    OPENAI_BASE_URL: engine.baseUrl,
    OPENAI_MODEL: 'fake',
  },
  LIMITS,
);

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

/** A client that sends this at once, then the other text again and again; resolves once it was cut off. */
function untilCut(first: string, drip = ''): Promise<string> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    const chunks: string[] = [];
    socket.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    if (first !== '') socket.write(first);
    const timer = setInterval(() => {
      if (drip !== '' && socket.writable) socket.write(drip);
    }, DRIP_EVERY_MS);
    // One that was cut while it was sending sees a reset.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(chunks.join(''));
    });
  });
}

const HEAD = 'POST /chat/basic HTTP/1.1\r\nHost: x\r\n';
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;

describe('a client is cut off', () => {
  it('when it says nothing at all', async () => {
    expect(await untilCut('')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('when its headers come letter by letter, and is told why', async () => {
    const reply = await untilCut(HEAD, 'x');
    expect(reply).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(reply).toContain('application/problem+json');
    expect(reply).toContain('"code":"request_timeout"');
  });

  it('when its headers never come to an end', async () => {
    expect(await untilCut(HEAD, 'X-More: 1\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('when its body comes letter by letter', async () => {
    expect(await untilCut(`${JSON_HEAD}Content-Length: 100000\r\n\r\n`, ' ')).toMatch(/ 408 /);
  });

  it('when its body comes in tiny chunks', async () => {
    const head = `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n`;
    expect(await untilCut(head, '1\r\n \r\n')).toMatch(/ 408 /);
  });

  it('when it keeps its connection and asks nothing more', async () => {
    const reply = await untilCut('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reply).not.toContain('408');
  });
});

it('a client that waits longer than all limits for its answer gets it', async () => {
  engine.next({ kind: 'delay', ms: LONGER_THAN_ALL_MS });
  const { status, body } = await service.chat({ query: 'What is attention?' });
  expect(status).toBe(200);
  expect(body.answer).toContain('You asked: ');
});

it('clients that are cut off take nobody else with them', async () => {
  const cut = Promise.all(Array.from({ length: 50 }, () => untilCut(HEAD, 'x')));
  expect((await service.chat({ query: 'What is attention?' })).status).toBe(200);
  await cut;
  expect((await service.chat({ query: 'What is attention?' })).status).toBe(200);
});

it('the limits of the service are those of its server', async () => {
  const { app } = await startService({ HISTORY_MODE: 'client' });
  expect(app.getHttpServer()).toMatchObject({
    headersTimeout: SERVER_LIMITS.headersTimeoutMs,
    requestTimeout: SERVER_LIMITS.requestTimeoutMs,
    keepAliveTimeout: SERVER_LIMITS.keepAliveTimeoutMs,
    // Silence while a request is being answered.
    timeout: 0,
  });
});
