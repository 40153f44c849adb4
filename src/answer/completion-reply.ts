import { createParser } from 'eventsource-parser';
import { isEventStream } from './bounded-fetch.js';
import { type Completion, readCompletion } from './completion.js';
import { ReplyCut, ReplyUnreadable, Silence } from './reply-errors.js';

// An answer may come in one event; more than this is no answer.
const EVENT_MAX_CHARACTERS = 16_777_216;

// After its last word a server has its token counts left to send, and the end of the reply.
const PATIENCE_AT_END_MS = 1_000;

/**
 * A server's reply piece by piece: the events of a stream as they come, or the one piece of a server that
 * answers whole although it was asked for a stream. Silence is measured inside a stream only, and only
 * while somebody waits for it. Who ends this ends the reply.
 */
export async function* readReply(
  response: Response,
  idleMs: number,
): AsyncGenerator<Completion, void> {
  if (isEventStream(response.headers) && response.body) {
    yield* readStream(response.body.getReader(), idleMs);
  } else yield readCompletion(await response.text().catch(asCut));
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function* readStream(reader: Reader, idleMs: number): AsyncGenerator<Completion, void> {
  const events = new Events();
  let hasEnded = false;
  try {
    while (!events.areDone) {
      const bytes = await untilSilent(
        reader.read().catch(asCut),
        hasEnded ? Math.min(PATIENCE_AT_END_MS, idleMs) : idleMs,
      ).catch((error: unknown) => {
        // The answer is there; what is missing is a formality.
        if (hasEnded) return { done: true, value: undefined } as const;
        throw error;
      });
      for (const data of events.take(bytes.value)) {
        const completion = readCompletion(data);
        hasEnded ||= completion.ended !== undefined;
        yield completion;
      }
      if (bytes.done) break;
    }
    if (!hasEnded && !events.areDone) throw new ReplyCut('the stream has no end');
  } finally {
    // A connection whose reply was read to its end serves the next request; else it is closed.
    void (events.areDone ? readOut(reader) : reader.cancel()).catch(() => undefined);
  }
}

/** The data of server-sent events, out of bytes that may end anywhere. */
class Events {
  areDone = false;
  private readonly ready: string[] = [];
  private readonly decoder = new TextDecoder();
  private readonly parser = createParser({
    maxBufferSize: EVENT_MAX_CHARACTERS,
    onEvent: ({ data }) => {
      this.areDone ||= data.startsWith('[DONE]');
      if (!this.areDone) this.ready.push(data);
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') throw new ReplyUnreadable('an event is too long');
    },
  });

  /** The events that the next bytes complete; without bytes, the one that the end completes. */
  take(bytes: Uint8Array | undefined): string[] {
    this.parser.feed(bytes ? this.decoder.decode(bytes, { stream: true }) : '\n\n');
    return this.ready.splice(0);
  }
}

async function readOut(reader: Reader): Promise<void> {
  await untilSilent(reader.read(), PATIENCE_AT_END_MS).catch(() => undefined);
  await reader.cancel();
}

async function untilSilent<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    // What came while this process was busy is read before the immediate.
    timer = setTimeout(
      () => setImmediate(reject, new Silence(`nothing came for ${limitMs} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server's own end of a reply is none of its errors, but a bound of ours that it breaks is not a cut. */
function asCut(cause: unknown): never {
  if (cause instanceof ReplyUnreadable) throw cause;
  throw new ReplyCut('the connection was cut', { cause });
}
