import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What the link does. `mute` lets requests through and keeps the replies. */
type Mode = 'pass' | 'blackhole' | 'mute' | 'refuse';

/** A request that is kept from the server until the test lets it go. */
export interface HeldRequest {
  /** Resolves when the request has come. */
  readonly reached: Promise<void>;
  release(): void;
}

// A pipelined connection may have replies of earlier requests under way: what comes this soon is lost with them.
const CUT_AFTER_MS = 20;

/**
 * A TCP link to one server that breaks as networks do, set at run time and for all its connections:
 * `pass`, `latency`, `blackhole`, `mute`, `forget`, `refuse`, `reset`, `loseReplyOnce`, `holdOnce`.
 * Bytes are never lost inside a connection: what a blackhole holds is delivered, in order, when the link
 * passes again, also for a client that has given up. So a command that timed out may still run.
 */
export class Proxy {
  private mode: Mode = 'pass';
  private delayMs = 0;
  private readonly links = new Set<Link>();
  private readonly sockets = new Set<Socket>();
  private trap: Trap | undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** @param url of the server; needs a port. */
  static async before(url: string): Promise<Proxy> {
    const { hostname, port } = new URL(url);
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, { host: hostname, port: Number(port) });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The same address through this link. */
  through(url: string): string {
    const own = new URL(url);
    own.host = `127.0.0.1:${this.port}`;
    return own.href;
  }

  get connections(): number {
    return this.links.size;
  }

  /** All is well again; what was held is delivered. */
  pass(): void {
    this.delayMs = 0;
    this.become('pass');
  }

  /** Every byte takes this much longer, each way. */
  latency(ms: number): void {
    this.delayMs = ms;
    this.become('pass');
  }

  /** Connections stay and new ones come about, but nothing arrives, either way. */
  blackhole(): void {
    this.become('blackhole');
  }

  /** Requests arrive and are carried out; no reply comes back. */
  mute(): void {
    this.become('mute');
  }

  /** The present connections are silent for ever, as when a router has forgotten them; new ones pass. */
  forget(): void {
    for (const link of this.links) link.become('blackhole');
    this.links.clear();
    this.pass();
  }

  /** Resets all connections, and new ones as soon as they are made. */
  refuse(): void {
    this.become('refuse');
    this.reset();
  }

  /** Resets all connections, once; new ones are served. */
  reset(): void {
    for (const link of this.links) link.reset();
  }

  /**
   * The next request that contains the text (in any case; without one, the very next) is carried out, and its
   * reply lost: the connection is reset, or with `silently` says nothing any more.
   * @returns a promise for that moment.
   */
  loseReplyOnce(text = '', { silently = false } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.set({
        text: text.toLowerCase(),
        spring: (link) => link.loseReply(silently, resolve),
      });
    });
  }

  /** Keeps the next request that contains the text, and all that follow on its connection, from the server. */
  holdOnce(text: string): HeldRequest {
    let held: Link | undefined;
    let isReleased = false;
    const reached = new Promise<void>((resolve) => {
      this.set({
        text: text.toLowerCase(),
        spring: (link) => {
          held = link;
          if (!isReleased) link.holdRequests(true);
          resolve();
        },
      });
    });
    const release = () => {
      isReleased = true;
      held?.holdRequests(false);
    };
    return { reached, release };
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }

  private become(mode: Mode): void {
    this.mode = mode;
    for (const link of this.links) link.become(mode);
  }

  /** For requests to come: the last one of a connection may end with the very text. */
  private set(trap: Trap): void {
    for (const link of this.links) link.forgetSeen();
    this.trap = trap;
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.mode === 'refuse') return void client.resetAndDestroy();
    const server = connect({ ...this.target, noDelay: true });
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('close', () => {
        this.sockets.delete(socket);
        // While one side is open, what was held for it may still have to be delivered.
        if (client.closed && server.closed) this.links.delete(link);
      });
    }
    const link = new Link(client, server, {
      delayMs: () => this.delayMs,
      onRequest: (before, request) => {
        const { trap } = this;
        if (!trap) return;
        // What came before may be the text's beginning, but not all of it.
        const from = Math.max(0, before.length + 1 - trap.text.length);
        if (!(before.slice(from) + request).includes(trap.text)) return;
        this.trap = undefined;
        trap.spring(link);
      },
    });
    this.links.add(link);
    link.become(this.mode);
  }
}

interface Trap {
  readonly text: string;
  readonly spring: (link: Link) => void;
}

interface LinkOptions {
  readonly delayMs: () => number;
  /** Called before a request goes on, with it and what came before it lately, both in lower case. */
  readonly onRequest: (before: string, request: string) => void;
}

// Longer than any text that is looked for, so that one cut in two is still found.
const REMEMBERED_CHARACTERS = 128;

/** One connection: a client, its server, and a stream each way. */
class Link {
  private readonly requests: Stream;
  private readonly replies: Stream;
  private requestsHeld = false;
  private silent = false;
  private onReply: (() => void) | undefined;
  private mode: Mode = 'pass';
  private seen = '';

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    { delayMs, onRequest }: LinkOptions,
  ) {
    this.requests = new Stream(server, delayMs);
    this.replies = new Stream(client, delayMs);
    client.on('data', (bytes) => {
      const request = bytes.toString('latin1').toLowerCase();
      onRequest(this.seen, request);
      this.seen = (this.seen + request).slice(-REMEMBERED_CHARACTERS);
      this.requests.push(bytes);
    });
    server.on('data', (bytes) => {
      if (this.silent) return this.onReply?.();
      this.replies.push(bytes);
    });
    client.on('close', () => this.requests.push(null));
    server.on('error', () => undefined).on('close', () => this.replies.push(null));
  }

  become(mode: Mode): void {
    this.mode = mode;
    this.requests.hold(mode === 'blackhole' || this.requestsHeld);
    this.replies.hold(mode === 'blackhole' || mode === 'mute');
  }

  forgetSeen(): void {
    this.seen = '';
  }

  holdRequests(held: boolean): void {
    this.requestsHeld = held;
    this.become(this.mode);
  }

  loseReply(silently: boolean, done: () => void): void {
    this.silent = true;
    this.onReply = () => {
      this.onReply = undefined;
      setTimeout(() => {
        if (!silently) this.reset();
        done();
      }, CUT_AFTER_MS);
    };
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }
}

/** Bytes on their way in one direction; null is the end. */
class Stream {
  private readonly queue: { readonly bytes: Buffer | null; readonly dueMs: number }[] = [];
  private held = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly to: Socket,
    private readonly delayMs: () => number,
  ) {}

  push(bytes: Buffer | null): void {
    this.queue.push({ bytes, dueMs: performance.now() + this.delayMs() });
    this.deliver();
  }

  hold(held: boolean): void {
    this.held = held;
    this.deliver();
  }

  private deliver(): void {
    clearTimeout(this.timer);
    for (let next = this.queue[0]; next && !this.held; next = this.queue[0]) {
      const waitMs = next.dueMs - performance.now();
      // Timers are as coarse as this, and may be early.
      if (waitMs > 1) {
        this.timer = setTimeout(() => this.deliver(), waitMs);
        return;
      }
      this.queue.shift();
      if (next.bytes === null) this.to.end();
      else if (!this.to.destroyed) this.to.write(next.bytes);
    }
  }
}
