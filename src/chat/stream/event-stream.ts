import { ServiceError } from '../../conversation/errors.js';
import type { AnswerEvent } from './answer-event.js';
import { Frames, KEEP_ALIVE, type StreamedTurn } from './frames.js';

const KEEP_ALIVE_MS = 15_000;
// What is made ahead for a reader that does not read: a long answer is not turned into frames all at once.
const PIECE_CHARACTERS = 16_384;

/** This reader cannot be shown more, though the answer may go on. */
export class ReaderLost extends Error {}

/**
 * The text of an event stream: the frames of an answer's events after the first `seen` ones.
 * Reads only as fast as it is read.
 */
export async function* eventStream(
  turn: StreamedTurn,
  events: AsyncGenerator<readonly AnswerEvent[]>,
  seen: number,
): AsyncGenerator<string> {
  const frames = new Frames(turn);
  try {
    yield* piecesOf([frames.begin()], frames, seen);
    for await (const some of withKeepAlive(events)) {
      if (some === null) yield KEEP_ALIVE;
      else yield* piecesOf(lazily(some, frames), frames, seen);
    }
  } catch (error) {
    if (error instanceof ServiceError) yield Frames.lost(error.message, error.code);
    else if (error instanceof ReaderLost) yield Frames.lost(error.message, null);
    else throw error;
  }
}

function* lazily(events: readonly AnswerEvent[], frames: Frames): Generator<string[]> {
  for (const event of events) yield frames.of(event);
}

/** Joins frames that are there at once: each piece is a write to the socket. */
function* piecesOf(
  batches: Iterable<readonly string[]>,
  frames: Frames,
  seen: number,
): Generator<string> {
  let piece = '';
  for (const batch of batches) {
    const first = frames.number - batch.length;
    piece += batch.slice(Math.max(0, seen - first)).join('');
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** The same, with a null for each quarter of a minute in which nothing came. */
async function* withKeepAlive<T>(source: AsyncGenerator<T>): AsyncGenerator<T | null> {
  try {
    for (;;) {
      const next = source.next();
      let step = await orSilence(next);
      for (; step === null; step = await orSilence(next)) yield null;
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await source.return(undefined);
  }
}

async function orSilence<T>(next: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), KEEP_ALIVE_MS);
  });
  return Promise.race([next, silence]).finally(() => clearTimeout(timer));
}
