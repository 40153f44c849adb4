import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ShownAnswer } from './answer-readers.js';
import { eventStream } from './event-stream.js';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-vercel-ai-ui-message-stream': 'v1',
  'cache-control': 'no-store, no-transform',
  // Some proxies hold a reply back until it is whole, unless told not to.
  'x-accel-buffering': 'no',
};

// Longer than between two comments: a socket that takes nothing for so long, twice in a row, is read by nobody.
const READS_WITHIN_MS = 20_000;
// What is kept ready for a reader; beyond that it is waited for.
const BUFFER_BYTES = 16_384;

/** Sends an answer as server-sent events, as fast as it is read. @param left called when the reader has gone */
export function sendEvents(
  reply: FastifyReply,
  { turn, read, seen }: ShownAnswer,
  left: () => void = () => undefined,
): void {
  const gone = new AbortController();
  const end = () => {
    gone.abort();
    left();
  };
  const { raw } = reply;
  raw.once('close', end);
  if (raw.destroyed) end();
  raw.setTimeout(READS_WITHIN_MS, () => raw.destroy());
  const text = eventStream(turn, read(gone.signal), seen);
  void reply
    .headers(HEADERS)
    .send(Readable.from(text, { objectMode: false, highWaterMark: BUFFER_BYTES }));
}
