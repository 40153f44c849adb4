export interface FetchBounds {
  /** Bytes of a reply that are read, after decompression. */
  readonly maxReplyBytes: number;
  /** A server that asks for a longer pause than this is not tried again. */
  readonly maxRetryAfterMs: number;
}

/**
 * `fetch` for a client that would read a reply of any length, and would wait as long as Retry-After
 * says without looking at its signal. A reply over the bound fails in mid-body.
 */
export function boundedFetch({ maxReplyBytes, maxRetryAfterMs }: FetchBounds): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const headers = new Headers(response.headers);
    // This is how the client is told, in words of the server, to give up at once.
    if (retryAfterMs(headers) > maxRetryAfterMs) headers.set('x-should-retry', 'false');
    const body = response.body?.pipeThrough(limitedTo(maxReplyBytes)) ?? null;
    return new Response(body, { status: response.status, headers });
  };
}

function limitedTo(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes)
        controller.error(new Error(`the reply is longer than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
}

/** Seconds or a date, as HTTP allows; 0 when the header is absent or makes no sense. */
function retryAfterMs(headers: Headers): number {
  const value = headers.get('retry-after');
  if (value === null) return 0;
  const seconds = Number.parseFloat(value);
  return (Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000) || 0;
}
