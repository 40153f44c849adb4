import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startService } from '../support/service.js';

const ANSWER = { choices: [{ message: { content: 'It is a mechanism.' }, finish_reason: 'stop' }] };

// An engine that answers when the test says so.
const asked: ServerResponse[] = [];
const engine = createServer((_, reply) => void asked.push(reply)).listen(0, '127.0.0.1');
await once(engine, 'listening');
afterAll(() => {
  engine.closeAllConnections();
  engine.close();
});

/** A connection that sends requests one behind the other, and hears all replies. */
function pipeline(url: string) {
  const { hostname, port } = new URL(url);
  const heard: string[] = [];
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  socket.on('data', (chunk: string) => heard.push(chunk)).on('error', () => undefined);
  const closed = once(socket, 'close');
  return {
    send: (line: string, body = '') =>
      socket.write(
        `${line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    replies: async () => {
      await closed;
      return heard.join('').split(/(?=HTTP\/1\.1 \d{3} )/);
    },
  };
}

it('finishes the turn under way when it ends, and refuses what comes after in a problem', async () => {
  const service = await startService({
    HISTORY_MODE: 'client',
    ANSWER_ENGINE: 'openai',
    OPENAI_BASE_URL: `http://127.0.0.1:${(engine.address() as AddressInfo).port}/v1`,
    OPENAI_MODEL: 'fake',
  });
  const client = pipeline(service.url);
  client.send('POST /chat/basic', '{"query":"What is attention?"}');
  await eventually(() => expect(asked).toHaveLength(1));

  const stopped = service.stop();
  await eventually(() => expect(fetch(service.url)).rejects.toThrow(/./));
  client.send('GET /health/live');
  asked[0]!.setHeader('content-type', 'application/json').end(JSON.stringify(ANSWER));

  const [answered, refused] = await client.replies();
  await stopped;
  expect(answered).toMatch(/^HTTP\/1\.1 200 /);
  expect(answered).toContain('It is a mechanism.');
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toMatch(/^content-type: application\/problem\+json/im);
  expect(refused).toMatch(/^x-request-id: /im);
  expect(refused).toMatch(/^retry-after: \d+/im);
});
