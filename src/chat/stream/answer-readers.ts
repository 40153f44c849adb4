import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AnswerJournal, JOURNAL_START } from '../../conversation/answer-journal.js';
import type { PlannedTurn } from '../../conversation/claims.js';
import { conversationNotFound, hasCode } from '../../conversation/errors.js';
import { HistoryStore } from '../../conversation/history-store.js';
import type { AnswerEvent } from './answer-event.js';
import { FollowedAnswers } from './followed-answers.js';
import { Frames, readFrameId, type StreamedTurn } from './frames.js';
import { LiveAnswer } from './live-answer.js';
import { type Producing, RunningAnswers } from './running-answers.js';
import { STOPPED } from './teller.js';

// Longer than another instance takes to hear of a stop and to keep the turn.
const STOPS_WITHIN_MS = 3000;
const POLL_MS = 50;

/** An answer for one more reader. */
export interface ShownAnswer {
  readonly turn: StreamedTurn;
  readonly read: (signal: AbortSignal) => AsyncGenerator<readonly AnswerEvent[]>;
  /** So many frames this reader has seen before. */
  readonly seen: number;
}

/**
 * Finds running answers for who comes back to them, or wants them stopped: in this process, and through the journal on
 * any other. All methods throw ServiceError conversation_not_found, storage_unavailable.
 */
@Injectable()
export class AnswerReaders {
  constructor(
    private readonly store: HistoryStore,
    private readonly journal: AnswerJournal,
    private readonly running: RunningAnswers,
    private readonly followed: FollowedAnswers,
  ) {}

  /**
   * The answer that `Last-Event-ID` names where it is running, else the newest one that is. One that has ended a moment
   * ago only for who has not seen its end. Null where there is none, or where instances share no journal.
   */
  async resume(
    conversationId: string,
    owner: string | null,
    lastEventId: string | undefined,
  ): Promise<ShownAnswer | null> {
    const seen = readFrameId(lastEventId);
    const running = this.journal.isShared ? await this.runningIn(conversationId, owner) : [];
    const turnId = running.find((each) => each === seen?.turnId) ?? running[0];
    if (turnId !== undefined) {
      await this.assertNotErased({ conversationId, turnId }, owner);
      return this.show({ conversationId, turnId }, seen?.turnId === turnId ? seen.number : 0);
    }
    const rest = seen && (await this.restOf({ conversationId, ...seen }, owner));
    if (rest) return rest;
    await this.assertKnown(conversationId, owner);
    return null;
  }

  /** Resolves when what was said is kept; when another instance has it and takes long, before that. */
  async stop(conversationId: string, owner: string | null): Promise<void> {
    const local = this.localOf(conversationId, owner);
    for (const { abort } of local) abort.abort(STOPPED);
    const running = await this.runningIn(conversationId, owner);
    const own = new Set(local.map(({ answer }) => answer.turnId));
    const others = running.filter((turnId) => !own.has(turnId));
    if (running.length === 0) return this.assertKnown(conversationId, owner);
    await Promise.all([
      ...local.map(({ settled }) => settled),
      ...others.map((turnId) => this.stopElsewhere({ conversationId, turnId })),
    ]);
  }

  /** Turn ids, the newest first. */
  private async runningIn(conversationId: string, owner: string | null): Promise<string[]> {
    const local = this.localOf(conversationId, owner).map(({ answer }) => answer.turnId!);
    const shared = await this.journal.running(conversationId).catch((error: unknown) => {
      // This instance's own go on without the journal.
      if (local.length > 0) return [];
      throw error;
    });
    if (shared.some((each) => each.owner !== owner)) throw conversationNotFound();
    const turnIds = shared.map(({ turnId }) => turnId);
    return [...turnIds, ...local.filter((turnId) => !turnIds.includes(turnId))];
  }

  private localOf(conversationId: string, owner: string | null): Producing[] {
    const local = this.running.of(conversationId);
    if (local.some(({ answer }) => answer.owner !== owner)) throw conversationNotFound();
    return local;
  }

  private show(turn: PlannedTurn, seen: number): ShownAnswer {
    const local = this.running.of(turn.conversationId);
    const own = local.find(({ answer }) => answer.turnId === turn.turnId);
    if (own) return { turn, read: (signal) => own.answer.read(signal), seen };
    return { turn, read: (signal) => this.followed.read(turn, signal), seen };
  }

  /** What a reader that was cut off at the end has not seen of it. */
  private async restOf(
    { conversationId, turnId, number }: PlannedTurn & { readonly number: number },
    owner: string | null,
  ): Promise<ShownAnswer | null> {
    const turn = { conversationId, turnId };
    const ended = new LiveAnswer(conversationId, turnId, owner);
    const frames = new Frames(turn);
    frames.begin();
    for (let place = JOURNAL_START; ;) {
      const page = await this.journal.read(turn, place);
      if (page.state !== 'ended' || page.owner !== owner || page.events.length === 0) return null;
      for (const event of page.events as readonly AnswerEvent[]) {
        frames.of(event);
        ended.add(event);
      }
      place = page.next;
      if (ended.hasEnded) break;
    }
    return frames.number > number
      ? { turn, read: (signal) => ended.read(signal), seen: number }
      : null;
  }

  private async stopElsewhere(turn: PlannedTurn): Promise<void> {
    await this.journal.stop(turn);
    const deadlineMs = performance.now() + STOPS_WITHIN_MS;
    let place = JOURNAL_START;
    while (performance.now() < deadlineMs) {
      const page = await this.journal.read(turn, place);
      if (page.state === 'ended' || page.state === 'absent') return;
      place = page.next;
      await delay(POLL_MS);
    }
  }

  /** An answer that is made here runs on when its conversation is erased; whoever comes back must not see it. */
  private async assertNotErased({ conversationId, turnId }: PlannedTurn, owner: string | null) {
    const own = this.localOf(conversationId, owner).find(({ answer }) => answer.turnId === turnId);
    if (!own || own.begins) return;
    await this.assertKnown(conversationId, owner).catch((error: unknown) => {
      if (!hasCode(error, 'storage_unavailable')) throw error;
    });
  }

  private async assertKnown(conversationId: string, owner: string | null): Promise<void> {
    await this.store.recall(conversationId, owner);
  }
}
