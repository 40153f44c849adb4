import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Answer } from '../../answer/answer-engine.js';
import { AnswerSoFar } from '../../answer/answer-so-far.js';
import { AnswerJournal, type TakenAnswer } from '../../conversation/answer-journal.js';
import { Claims, type PlannedTurn } from '../../conversation/claims.js';
import { hasCode, ServiceError } from '../../conversation/errors.js';
import { HistoryStore } from '../../conversation/history-store.js';
import { titleOf } from '../../conversation/title.js';
import { Metrics } from '../../metrics/metrics.js';
import { FirstTurns } from '../first-turns.js';
import { turnOf } from '../turn.js';
import type { AnswerEvent, Ending } from './answer-event.js';
import { brokenOff } from './teller.js';

// A thousand small scripts take some 15 ms. Who reads such an answer finds it dead much sooner.
const LOOK_EVERY_MS = 30_000;

/**
 * Keeps what was said of answers whose instance died: found by their readers at once, and by all instances every half
 * minute. Guaranteed: such a turn is kept once, however many find it, and also when its instance was only slow.
 * Not guaranteed: what was said less than 25 ms before the death, or while Redis was away.
 */
@Injectable()
export class AbandonedAnswers implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AbandonedAnswers.name);
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly journal: AnswerJournal,
    private readonly store: HistoryStore,
    private readonly claims: Claims,
    private readonly firstTurns: FirstTurns,
    private readonly metrics: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.journal.isShared) return;
    this.timer = setInterval(() => {
      this.looking = this.looking.then(() => this.look());
    }, LOOK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Takes the answer over if it is dead, keeps what was said, and ends its stream. @throws ServiceError. */
  async finish(turn: PlannedTurn): Promise<void> {
    const taken = await this.journal.takeOver(turn);
    if (!taken) return;
    try {
      const ending = await this.keep(taken);
      await taken.end({ type: 'ended', ending } satisfies AnswerEvent, true);
    } catch (error) {
      // Erased meanwhile: nothing of it may be left. All else is tried again when this taker counts as dead.
      if (!hasCode(error, 'conversation_not_found')) throw error;
      await taken.end({ type: 'ended', ending: brokenOff(null) } satisfies AnswerEvent, false);
    }
  }

  /** Looks for dead ones in all partitions. Best effort: the next look comes. */
  private async look(): Promise<void> {
    for (const turn of await this.journal.dead().catch(() => [])) {
      await this.finish(turn).catch((error: unknown) => {
        const reason = error instanceof ServiceError ? error.code : 'internal';
        this.logger.warn(`an abandoned answer is not kept yet (${reason})`);
      });
    }
  }

  private async keep(taken: TakenAnswer): Promise<Ending> {
    const { head, lastedMs } = taken;
    const { conversationId, turnId, owner, keyring, create, idempotency, expectedSeq } = head;
    const { answer, latencyMs, isWhole } = heardOf(
      taken.events as readonly AnswerEvent[],
      lastedMs,
    );
    if (answer.text === '') return brokenOff(null);
    const asked = { ...head, id: turnId, createdAt: head.startedAt + latencyMs };
    const turn = turnOf(asked, { answer, latencyMs, history: head.history });
    const title = create ? titleOf(head.question) : null;
    const where = { conversationId, owner, keyring, create, title, expectedSeq };
    try {
      const append = () =>
        this.store.append({ ...where, turn, durability: 'accepted', retry: true });
      const kept = create
        ? await this.firstTurns.finish(conversationId, owner, append)
        : await append();
      if (create) this.metrics.sessionsCreated.inc();
      this.metrics.messagesSaved.inc({ durability: kept.durability });
      if (idempotency) await this.claims.end(idempotency, head, 'answered').catch(() => undefined);
      const isOurs = isWhole && (await this.isKept(taken, answer.text));
      return isOurs
        ? { how: 'finished', status: answer.status, usage: answer.usage, ...kept }
        : brokenOff(kept);
    } catch (error) {
      if (!hasCode(error, 'conversation_changed')) throw error;
      return brokenOff(null);
    }
  }

  /** Its own instance may have kept the turn first. */
  private async isKept({ head }: TakenAnswer, text: string): Promise<boolean> {
    const { conversationId, owner, turnId } = head;
    const found = await this.store
      .find(conversationId, owner, turnId, 'accepted')
      .catch(() => null);
    return found === null || found.turn.answer === text;
  }
}

interface Heard {
  readonly answer: Answer;
  readonly latencyMs: number;
  /** The engine had come to its end. */
  readonly isWhole: boolean;
}

function heardOf(events: readonly AnswerEvent[], lastedMs: number): Heard {
  const soFar = new AnswerSoFar();
  for (const event of events) {
    if (event.type === 'answered') {
      const { status, usage, latencyMs } = event;
      return { answer: soFar.as(status, usage), latencyMs, isWhole: true };
    }
    if (event.type !== 'ended') soFar.add(event);
  }
  return { answer: soFar.as('partial'), latencyMs: lastedMs, isWhole: false };
}
