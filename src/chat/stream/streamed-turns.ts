import { Injectable, Logger } from '@nestjs/common';
import { UUID } from '../../conversation/conversation.js';
import { AnswerJournal } from '../../conversation/answer-journal.js';
import { hasCode, ServiceError } from '../../conversation/errors.js';
import { HistoryStore } from '../../conversation/history-store.js';
import { ChatRequest, MetaParams } from '../chat-request.dto.js';
import { ChatService } from '../chat.service.js';
import type { TurnResult } from '../idempotent-turns.js';
import type { TurnConditions } from '../turn.js';
import type { Ending } from './answer-event.js';
import type { LiveAnswer } from './live-answer.js';
import { replayOf } from './replay.js';
import { RunningAnswers } from './running-answers.js';
import type { StreamBody } from './stream-body.js';
import { brokenOff, STOPPED, Teller } from './teller.js';

/** A turn that can be shown, as it comes or once more. */
export interface StartedTurn {
  readonly answer: LiveAnswer;
  readonly replayed: boolean;
  /** Nobody reads it any more: one that is kept goes on all the same. */
  readonly left: () => void;
}

/**
 * The turns of /chat/stream: those of /chat/basic, told while they are answered. They go on without their readers.
 * Guaranteed: what a reader was shown is kept, as `partial` where the rest never comes; every stream has an end.
 */
@Injectable()
export class StreamedTurns {
  private readonly logger = new Logger(StreamedTurns.name);

  constructor(
    private readonly chat: ChatService,
    private readonly store: HistoryStore,
    private readonly journal: AnswerJournal,
    private readonly running: RunningAnswers,
  ) {}

  /** The request in the conversation that `useChat` means. @throws ServiceError storage_unavailable. */
  async named({ request, chatId }: StreamBody, owner: string | null): Promise<ChatRequest> {
    if (chatId === null || !UUID.test(chatId)) return request;
    try {
      await this.store.recall(chatId.toLowerCase(), owner);
    } catch (error) {
      const isNone = (['conversation_not_found', 'not_in_this_mode'] as const).some((code) =>
        hasCode(error, code),
      );
      if (isNone) return request;
      throw error;
    }
    const meta_params = Object.assign(new MetaParams(), request.meta_params, {
      conversation_id: chatId,
    });
    return Object.assign(new ChatRequest(), request, { meta_params });
  }

  /**
   * Resolves when the engine is asked, or when there is an earlier answer to show.
   * @throws ServiceError with any code of the chat routes, before there is anything to show.
   */
  start(body: ChatRequest, owner: string | null, on: TurnConditions): Promise<StartedTurn> {
    return new Promise((resolve, reject) => {
      const teller = new Teller(this.journal, (answer) => {
        const begins = teller.head?.create ?? true;
        this.running.add({ answer, abort: teller.abort, begins, settled });
        const left = () => {
          if (answer.conversationId === null) teller.abort.abort(STOPPED);
        };
        resolve({ answer, replayed: false, left });
      });
      // Begins in a later tick than this one, so that `settled` is there when it tells of its beginning.
      const settled = Promise.resolve()
        .then(() => this.tell(teller, body, owner, on))
        .then(
          (replay) => replay && resolve({ answer: replay, replayed: true, left: () => undefined }),
        )
        .catch(reject)
        .then(() => teller.endAnyhow());
    });
  }

  /** @returns an earlier answer, when this turn was answered before; it throws only until the answer has begun. */
  private async tell(
    teller: Teller,
    body: ChatRequest,
    owner: string | null,
    on: TurnConditions,
  ): Promise<LiveAnswer | null> {
    let result: TurnResult;
    try {
      result = await this.chat.answer(body, owner, on, teller);
    } catch (error) {
      if (!teller.live) throw error;
      if (!(error instanceof ServiceError)) this.logger.error('a streamed turn failed', error);
      await this.endUnkept(teller, error);
      return null;
    }
    if (!teller.live) return replayOf(result, owner);
    await this.end(teller, teller.endingOf(result));
    return null;
  }

  private async end(teller: Teller, ending: Ending): Promise<void> {
    const { live, writer } = teller;
    const outcome = await writer?.end({ type: 'ended', ending }, true);
    const isSure = outcome === undefined || outcome === 'ended';
    live?.add({ type: 'ended', ending: isSure ? ending : await this.asKept(teller, ending) });
  }

  private async endUnkept(teller: Teller, error: unknown): Promise<void> {
    const { live, writer } = teller;
    const ending = teller.endingAfter(error, null);
    const mayBeKept = hasCode(error, 'storage_unavailable') || !(error instanceof ServiceError);
    // Whoever takes it over tries again, when the stores may be back.
    if (teller.text !== '' && mayBeKept) writer?.abandon();
    else await writer?.end({ type: 'ended', ending }, !hasCode(error, 'conversation_not_found'));
    live?.add({ type: 'ended', ending });
  }

  /** Another instance may have kept less: then its readers must not take what they saw for what is kept. */
  private async asKept({ head, text }: Teller, ending: Ending): Promise<Ending> {
    if (!head) return ending;
    const { conversationId, owner, turnId } = head;
    const found = await this.store
      .find(conversationId, owner, turnId, 'accepted')
      .catch(() => null);
    if (!found || found.turn.answer === text) return ending;
    return brokenOff({ seq: found.seq, durability: found.durability });
  }
}
