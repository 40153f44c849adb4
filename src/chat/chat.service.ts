import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import type { PlannedTurn } from '../conversation/claims.js';
import { conversationChanged } from '../conversation/errors.js';
import { HistoryStore, type Recalled } from '../conversation/history-store.js';
import { titleOf } from '../conversation/title.js';
import { Metrics } from '../metrics/metrics.js';
import { Asking } from './asking.js';
import type { ChatRequest } from './chat-request.dto.js';
import type { Beginning } from './first-turns.js';
import { IdempotentTurns, type TurnResult } from './idempotent-turns.js';
import { planTurn } from './planned-turn.js';
import { type KeptWhere, replyOf } from './reply.js';
import { type KeptRequest, readRequest, type UnkeptRequest } from './request-rules.js';
import { type AnsweredQuestion, type TurnConditions, type TurnListener, turnOf } from './turn.js';

const NO_HISTORY: Recalled = { source: 'none', turns: [], lastSeq: 0, keyring: '' };

/** How the turn is to be appended. */
interface AppendConditions extends TurnConditions {
  readonly retry: boolean;
  readonly beginning: Beginning | null;
}

/** One turn, from the question to the reply. Nothing is kept unless it was answered. */
@Injectable()
export class ChatService {
  constructor(
    private readonly environment: Environment,
    private readonly store: HistoryStore,
    private readonly once: IdempotentTurns,
    private readonly asking: Asking,
    private readonly metrics: Metrics,
  ) {}

  /**
   * @param listener hears the answer as it comes; null: nobody is shown anything but the whole
   * @throws ServiceError with any code of the chat routes.
   */
  async answer(
    body: ChatRequest,
    owner: string | null,
    on: TurnConditions,
    listener: TurnListener | null = null,
  ): Promise<TurnResult> {
    const request = readRequest(body, this.environment.historyMode);
    if (request.kind === 'unkept') return this.answerUnkept(request, listener);
    const planned = planTurn(request.conversationId, on.idempotency);
    const answer = (turn: PlannedTurn, retry: boolean, beginning: Beginning | null) =>
      this.answerKept(request, owner, { ...turn, ...on, retry, beginning }, listener);
    const begins = request.conversationId === null;
    return this.once.answer({ ...request, mark: on.idempotency, planned, owner, begins }, answer);
  }

  private async answerUnkept(
    { query, history }: UnkeptRequest,
    listener: TurnListener | null,
  ): Promise<TurnResult> {
    const source = history.length > 0 ? 'client' : 'none';
    const sent = { source, turns: history, lastSeq: history.length } as const;
    const prompt = await this.asking.prompt(query, sent, null);
    listener?.begun(null);
    const answered = await this.asking.ask(prompt, listener);
    listener?.answered(answered);
    return newTurn(answered, {
      conversationId: null,
      turnId: null,
      seq: null,
      durability: 'none',
    });
  }

  private async answerKept(
    request: KeptRequest,
    owner: string | null,
    { conversationId, turnId, beginning, ...options }: PlannedTurn & AppendConditions,
    listener: TurnListener | null,
  ): Promise<TurnResult> {
    const startedMs = performance.now();
    const { query, durability, metadata } = request;
    const { idempotency } = options;
    const recalled = await this.recall(request, owner, options.expectedSeq);
    const { keyring } = recalled;

    const create = request.conversationId === null;
    const where = { conversationId, owner, keyring, create };
    const prompt = await this.asking.prompt(query, recalled, where);
    const asked = { question: query, metadata, idempotency };
    listener?.begun({
      ...where,
      ...asked,
      turnId,
      expectedSeq: options.expectedSeq,
      erasureMark: beginning?.erasureMark,
      history: prompt.use,
      startedAt: Date.now(),
    });
    const answered = await this.asking.ask(prompt, listener);
    listener?.answered(answered);

    const turn = turnOf({ id: turnId, createdAt: Date.now(), ...asked }, answered);
    // Who hears it may have been kept by others meanwhile, who took this instance for dead.
    const retry = options.retry || listener !== null;
    const title = create ? titleOf(query) : null;
    await beginning?.assertWanted();
    const appended = await this.timed('append', () =>
      this.store.append({ ...where, title, turn, durability, ...options, retry }),
    );
    const ownMs = performance.now() - startedMs - answered.latencyMs;
    this.metrics.turnLatency.observe({ step: 'total' }, Math.max(0, ownMs) / 1000);
    if (create) this.metrics.sessionsCreated.inc();
    this.metrics.messagesSaved.inc({ durability: appended.durability });
    return newTurn(answered, { conversationId, turnId, ...appended });
  }

  /** Fails before the engine is asked when the turn could not be kept anyway. */
  private async recall(
    { conversationId, durability }: KeptRequest,
    owner: string | null,
    expectedSeq: number | undefined,
  ): Promise<Recalled> {
    await this.store.assertWritable(durability);
    const recalled =
      conversationId === null ? NO_HISTORY : await this.timedRecall(conversationId, owner);
    if (expectedSeq !== undefined && expectedSeq !== recalled.lastSeq) throw conversationChanged();
    return recalled;
  }

  private async timedRecall(conversationId: string, owner: string | null): Promise<Recalled> {
    const stop = this.metrics.historyLatency.startTimer();
    const recalled = await this.timed('recall', () => this.store.recall(conversationId, owner));
    stop();
    this.metrics.historyRetrieved.inc({ source: recalled.source });
    return recalled;
  }

  private async timed<T>(step: string, work: () => Promise<T>): Promise<T> {
    const stop = this.metrics.turnLatency.startTimer({ step });
    try {
      return await work();
    } finally {
      stop();
    }
  }
}

const newTurn = (answered: AnsweredQuestion, kept: KeptWhere): TurnResult => ({
  reply: replyOf(answered, kept),
  status: answered.answer.status,
  replayed: false,
});
