import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { afterEach } from 'vitest';

/** One server-sent event. */
export interface Frame {
  readonly id: string | null;
  /** As it was sent. */
  readonly data: string;
  /** What it says; null for `[DONE]`. */
  readonly chunk: Chunk | null;
}

export type Chunk = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** All frames so far. */
  readonly frames: Frame[];
  /** Comments so far. */
  readonly comments: string[];
  /** Reads until there are so many frames; fewer where the stream ends before. */
  read(count: number): Promise<Frame[]>;
  /** Reads until a frame fits. @throws Error when the stream ends before. */
  until(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** Reads to the end. @throws Error when the connection breaks. */
  rest(): Promise<Frame[]>;
  /** Goes away. */
  cut(): void;
}

export interface StreamRequest {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const open = new Set<ClientRequest>();
afterEach(() => {
  for (const each of open) each.destroy();
  open.clear();
});

/**
 * Sends the request and gives its reply as soon as the headers are there. Not by fetch: that makes a new connection
 * for one that was cut, and a service that ends would wait for what is asked on it.
 */
export async function openStream(
  url: string,
  { method = 'POST', body, headers }: StreamRequest = {},
): Promise<EventStream> {
  const connection = request(url, {
    method,
    agent: false,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  });
  open.add(connection);
  connection.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(connection, 'response')) as [IncomingMessage];
  // Whoever reads hears of it.
  connection.on('error', () => undefined);
  return new Reading(response, connection);
}

class Reading implements EventStream {
  readonly frames: Frame[] = [];
  readonly comments: string[] = [];
  readonly status: number;
  readonly headers: Headers;
  private readonly pieces: AsyncIterator<string>;
  private text = '';
  private hasEnded = false;

  constructor(
    response: IncomingMessage,
    private readonly connection: ClientRequest,
  ) {
    this.status = response.statusCode!;
    this.headers = new Headers(response.headers as Record<string, string>);
    response.setEncoding('utf8');
    this.pieces = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  }

  async read(count: number): Promise<Frame[]> {
    while (this.frames.length < count && !this.hasEnded) await this.more();
    return this.frames.slice(0, count);
  }

  async until(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (let next = 0; ; next++) {
      await this.read(next + 1);
      const frame = this.frames[next];
      if (!frame) throw new Error('the stream ended before such a frame');
      if (fits(frame)) return frame;
    }
  }

  rest(): Promise<Frame[]> {
    return this.read(Infinity);
  }

  cut(): void {
    this.connection.destroy();
  }

  private async more(): Promise<void> {
    const { done, value } = await this.pieces.next();
    if (done) {
      if (this.text !== '') throw new Error('the stream was cut within a frame');
      this.hasEnded = true;
      return;
    }
    this.text += value;
    const blocks = this.text.split('\n\n');
    this.text = blocks.pop()!;
    for (const block of blocks) this.take(block);
  }

  private take(block: string): void {
    if (block.startsWith(':')) return void this.comments.push(block);
    const { id, data } =
      /^(?:id: (?<id>[^\n]*)\n)?data: (?<data>[^\n]*)$/u.exec(block)?.groups ?? {};
    if (data === undefined) throw new Error(`this is no frame: ${block}`);
    const chunk = data === '[DONE]' ? null : (JSON.parse(data) as Chunk);
    this.frames.push({ id: id ?? null, data, chunk });
  }
}

/** The text that the frames say. */
export const textOf = (frames: readonly Frame[]): string =>
  frames
    .flatMap(({ chunk }) => (chunk?.type === 'text-delta' ? [chunk['delta'] as string] : []))
    .join('');

export const typesOf = (frames: readonly Frame[]): string[] =>
  frames.map(({ chunk }) => chunk?.type ?? '[DONE]');

/** The metadata that a frame of this type bears. */
export function metadataOf(frames: readonly Frame[], type: string): Record<string, unknown> {
  const frame = frames.find(({ chunk }) => chunk?.type === type);
  if (!frame) throw new Error(`there is no ${type} among ${typesOf(frames).join(', ')}`);
  return frame.chunk!['messageMetadata'] as Record<string, unknown>;
}
