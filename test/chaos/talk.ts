import { setTimeout as delay } from 'node:timers/promises';
import type { BookedTurn } from './book.js';
import type { Dice } from './dice.js';
import type { Run } from './run.js';
import { request, say } from './say.js';

const ERASE_TRIES = 40;

/** How fast somebody goes on. */
const PAUSE_MS = [0, 250] as const;

/** One conversation from its first turn to its end: of one client, or of three at once. */
export async function talk(run: Run, dice: Dice): Promise<void> {
  const first = await say(run, dice, { conversationId: null, known: [] });
  if (first.kind === 'not found') run.book.complain('a new conversation was not found');
  if (first.kind !== 'answered') return;
  const { conversationId } = first.turn;
  const length = dice.whole(5, 50);
  if (dice.chance(0.25)) {
    const erasedHalfway = dice.chance(0.2) && halfway(run, dice, conversationId);
    await Promise.all([0, 1, 2].map(() => speak(run, dice, first.turn, length, false)));
    await erasedHalfway;
  } else {
    await speak(run, dice, first.turn, length, true);
  }
  if (dice.chance(0.3)) await erase(run, dice, conversationId);
}

/** @param alone nobody else speaks here: then the last seq is known, and the whole history. */
async function speak(
  run: Run,
  dice: Dice,
  first: BookedTurn,
  length: number,
  alone: boolean,
): Promise<void> {
  const { conversationId } = first;
  const known = [first];
  for (let turn = 0; turn < length && !run.isOver; turn++) {
    await delay(dice.between(...PAUSE_MS));
    const ifMatch = alone && dice.chance(0.2) ? known.at(-1)!.seq : undefined;
    const heard = await say(run, dice, { conversationId, ifMatch, known: [...known] });
    if (heard.kind === 'answered') known.push(heard.turn);
    if (heard.kind !== 'not found') continue;
    if (run.book.mustExist(conversationId)) {
      run.book.complain(`conversation ${conversationId} was not found`);
    }
    return;
  }
}

async function halfway(run: Run, dice: Dice, conversationId: string): Promise<void> {
  await delay(dice.between(500, 4000));
  await erase(run, dice, conversationId);
}

/** Erases it, and looks whether it stays so. */
async function erase(run: Run, dice: Dice, conversationId: string): Promise<void> {
  run.book.erasing.add(conversationId);
  for (let tries = 0; tries < ERASE_TRIES && !run.stop.aborted; tries++) {
    const status = await request(
      'DELETE',
      `${run.instance(dice).url}/conversations/${conversationId}`,
    );
    // After a 503 it may be erased already; or gone with Redis, until whoever still holds its turns archives them.
    const isErased = status === 404 && tries > 0 && !run.book.wentWhole(conversationId);
    if (status === 204 || isErased) {
      run.book.erased.add(conversationId);
      return lookAgain(run, dice, conversationId);
    }
    if (status === 404 || (status !== null && status !== 503)) {
      if (status !== 404) run.book.complain(`erasing got ${status}`);
      return;
    }
    await delay(dice.between(100, 400));
  }
}

async function lookAgain(run: Run, dice: Dice, conversationId: string): Promise<void> {
  for (let look = 0; look < 3 && !run.isOver; look++) {
    await delay(dice.between(...PAUSE_MS));
    const wasCalm = run.isCalm;
    const heard = await say(run, dice, { conversationId, known: [] });
    if (heard.kind !== 'answered') continue;
    run.counts.reappeared++;
    if (wasCalm && run.isCalm) run.book.complain(`erased ${conversationId} took a turn`);
  }
}
