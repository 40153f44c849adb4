import { setTimeout as delay } from 'node:timers/promises';
import { type AnswerJournal, JOURNAL_START } from '../../conversation/answer-journal.js';
import type { PlannedTurn } from '../../conversation/claims.js';
import { hasCode } from '../../conversation/errors.js';
import type { AbandonedAnswers } from './abandoned-answers.js';
import type { AnswerEvent } from './answer-event.js';
import { ReaderLost } from './event-stream.js';

// Polling: a blocked XREAD takes a connection for each reader, or one for all that cannot span a cluster's slots.
// A poll takes Redis 9 µs: a thousand answers whose readers came back are a tenth of what one does.
const POLL_MS = 100;
// With the six seconds until a holder counts as dead: less than the ten after which a reader must have heard.
const PATIENCE_MS = 3000;

const LOST = 'This answer cannot be followed now; try again soon.';

/**
 * The events of an answer that another instance makes, from the first to the end. One whose instance died is kept and
 * ended by whoever finds it so.
 * @throws ReaderLost when nobody can do that now, or Redis is away for seconds; ServiceError decryption_failed; AbortError.
 */
export async function* followedAnswer(
  turn: PlannedTurn,
  journal: AnswerJournal,
  abandoned: AbandonedAnswers,
  signal: AbortSignal,
): AsyncGenerator<readonly AnswerEvent[]> {
  let place = JOURNAL_START;
  let wellMs = performance.now();
  for (;;) {
    const page = await journal.read(turn, place).catch((error: unknown) => {
      if (!hasCode(error, 'storage_unavailable')) throw error;
      return null;
    });
    const events = (page?.events ?? []) as readonly AnswerEvent[];
    if (page) place = page.next;
    if (events.length > 0) yield events;
    if (events.at(-1)?.type === 'ended') return;
    if (page?.state === 'absent' || (page?.state === 'ended' && events.length === 0)) {
      throw new ReaderLost(LOST);
    }

    if (page?.state === 'running' || events.length > 0) wellMs = performance.now();
    else if (performance.now() - wellMs > PATIENCE_MS) throw new ReaderLost(LOST);
    if (page?.state === 'dead') await abandoned.finish(turn).catch(() => undefined);
    if (page?.state !== 'ended') await delay(POLL_MS, undefined, { signal });
  }
}
