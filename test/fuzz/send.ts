import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Fuzzed, FuzzedBytes, FuzzedRequest } from './requests.js';
import { KNOWN_ID } from './values.js';

export interface FuzzReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** `cut`: the connection ended before a reply. */
export type Outcome = FuzzReply | 'cut';

const KNOWN_IDS_KEPT = 100;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
// No request of this kind takes long: one that does hangs.
const GIVEN_UP_AFTER_MS = 60_000;
// Bytes that are no request may be waited for until the server's own limit.
const BYTES_HEARD_FOR_MS = 200;

/** Sends what was fuzzed to one service, and remembers conversations that it began. */
export class Sender {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });
  private readonly known: string[] = [];
  private requests = 0;

  constructor(private readonly url: string) {}

  send(fuzzed: Fuzzed): Promise<Outcome> {
    return fuzzed.kind === 'bytes' ? this.sendBytes(fuzzed) : this.sendRequest(fuzzed);
  }

  close(): void {
    this.agent.destroy();
  }

  private sendRequest({ method, path, headers, body }: FuzzedRequest): Promise<Outcome> {
    const id = this.known[this.requests++ % this.known.length] ?? UNKNOWN_ID;
    const known = Buffer.from(body?.toString('latin1').replaceAll(KNOWN_ID, id) ?? '', 'latin1');
    const options = {
      agent: this.agent,
      method,
      headers: { ...headers, ...(body && { 'content-length': known.length }) },
      timeout: GIVEN_UP_AFTER_MS,
    };
    return new Promise((resolve) => {
      const sent = request(this.url + path.replaceAll(KNOWN_ID, id), options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve('cut'));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          this.remember(text);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve('cut'));
      sent.end(known);
    });
  }

  private sendBytes({ bytes }: FuzzedBytes): Promise<Outcome> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(Number(port), hostname, () => socket.end(bytes));
      socket.setTimeout(BYTES_HEARD_FOR_MS, () => socket.destroy());
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        const text = Buffer.concat(chunks).toString('latin1');
        const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
        resolve(status === undefined ? 'cut' : { status: Number(status), headers: {}, body: text });
      });
    });
  }

  private remember(body: string): void {
    const id = /"conversation_id":"([0-9a-f-]{36})"/.exec(body)?.[1];
    if (id === undefined || this.known.includes(id)) return;
    this.known.push(id);
    if (this.known.length > KNOWN_IDS_KEPT) this.known.shift();
  }
}
