import { ReplyUnreadable } from './reply-errors.js';

export interface FetchBounds {
  /** Bytes that are read of a reply, after decompression. */
  readonly maxBytes: number;
  /** The same for an event stream, of which only the current event is in memory. */
  readonly maxStreamBytes: number;
}

/** `fetch` for a client that would read a reply of any length. One over its bound fails in mid-body. */
export function boundedFetch({ maxBytes, maxStreamBytes }: FetchBounds): typeof fetch {
  return async (input, init) => {
    const { body, status, headers } = await fetch(input, init);
    const limit = limitedTo(isEventStream(headers) ? maxStreamBytes : maxBytes);
    return new Response(body?.pipeThrough(limit) ?? null, { status, headers });
  };
}

export function isEventStream(headers: Headers): boolean {
  return headers.get('content-type')?.includes('text/event-stream') ?? false;
}

function limitedTo(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes)
        controller.error(new ReplyUnreadable(`the reply is longer than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
