import { Injectable } from '@nestjs/common';
import { AnswerJournal } from '../../conversation/answer-journal.js';
import type { PlannedTurn } from '../../conversation/claims.js';
import { AbandonedAnswers } from './abandoned-answers.js';
import type { AnswerEvent } from './answer-event.js';
import { followedAnswer } from './followed-answer.js';
import { LiveAnswer } from './live-answer.js';
import { RunningAnswers } from './running-answers.js';

/** An answer of another instance, as far as it was heard here. */
interface Followed {
  readonly answer: LiveAnswer;
  /** Aborted when nobody reads it any more. */
  readonly left: AbortController;
  /** Aborted with the reason when it cannot be followed any more. */
  readonly lost: AbortController;
  readers: number;
}

/**
 * The answers of other instances that somebody reads here. Each is followed once, whatever the number of its readers,
 * from the first of them until its end or until the last one leaves.
 */
@Injectable()
export class FollowedAnswers {
  private readonly followed = new Map<string, Followed>();

  constructor(
    private readonly journal: AnswerJournal,
    private readonly abandoned: AbandonedAnswers,
    private readonly running: RunningAnswers,
  ) {}

  /**
   * All events from the first to the end, as they come. Whose turn it is has been asked.
   * @throws as `followedAnswer`, after the events until then.
   */
  async *read(turn: PlannedTurn, signal: AbortSignal): AsyncGenerator<readonly AnswerEvent[]> {
    const followed = this.followed.get(turn.turnId) ?? this.follow(turn);
    const { answer, left, lost } = followed;
    followed.readers++;
    // At this instance's end its readers go to another one; the answer is not made here.
    const own = AbortSignal.any([signal, this.running.closing.signal]);
    try {
      yield* answer.read(AbortSignal.any([own, lost.signal]));
    } catch (error) {
      throw lost.signal.aborted && !own.aborted ? lost.signal.reason : error;
    } finally {
      followed.readers--;
      if (followed.readers === 0) {
        left.abort();
        this.forget(turn, followed);
      }
    }
  }

  private follow(turn: PlannedTurn): Followed {
    const answer = new LiveAnswer(turn.conversationId, turn.turnId, null);
    const followed: Followed = {
      answer,
      left: new AbortController(),
      lost: new AbortController(),
      readers: 0,
    };
    this.followed.set(turn.turnId, followed);
    void this.hear(turn, followed).catch((error: unknown) => {
      // Whoever comes now tries anew.
      this.forget(turn, followed);
      followed.lost.abort(error);
    });
    return followed;
  }

  private async hear(turn: PlannedTurn, { answer, left }: Followed): Promise<void> {
    const pages = followedAnswer(turn, this.journal, this.abandoned, left.signal);
    for await (const events of pages) {
      for (const event of events) answer.add(event);
    }
  }

  private forget({ turnId }: PlannedTurn, followed: Followed): void {
    if (this.followed.get(turnId) === followed) this.followed.delete(turnId);
  }
}
