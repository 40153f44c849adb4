import { Injectable } from '@nestjs/common';
import { type Answer, AnswerEngine } from '../answer/answer-engine.js';
import { Environment } from '../config/environment.js';
import type { PlannedTurn } from '../conversation/claims.js';
import { conversationChanged } from '../conversation/errors.js';
import { HistoryStore, type Recalled } from '../conversation/history-store.js';
import { titleOf } from '../conversation/title.js';
import type {
  HistoryTurn,
  HistoryUse,
  IdempotencyMark,
  Metadata,
  Turn,
} from '../conversation/turn.js';
import { chooseWindow } from '../history/window.js';
import { Metrics } from '../metrics/metrics.js';
import type { ChatReply } from './chat-reply.dto.js';
import type { ChatRequest } from './chat-request.dto.js';
import { IdempotentTurns, type TurnResult } from './idempotent-turns.js';
import { planTurn } from './planned-turn.js';
import { replyOf } from './reply.js';
import { type KeptRequest, readRequest, type UnkeptRequest } from './request-rules.js';

const NO_HISTORY: Recalled = { source: 'none', turns: [], lastSeq: 0, keyring: '' };

/** What the caller's headers ask for. */
export interface TurnConditions {
  readonly idempotency: IdempotencyMark | null;
  /** The seq that has to be the conversation's last. */
  readonly expectedSeq: number | undefined;
}

/** How the turn is to be appended. */
interface AppendConditions extends TurnConditions {
  readonly retry: boolean;
}

interface AnsweredQuestion {
  readonly answer: Answer;
  readonly history: HistoryUse;
  readonly latencyMs: number;
}

/** One turn, from the question to the reply. Nothing is kept unless it was answered. */
@Injectable()
export class ChatService {
  constructor(
    private readonly environment: Environment,
    private readonly store: HistoryStore,
    private readonly once: IdempotentTurns,
    private readonly engine: AnswerEngine,
    private readonly metrics: Metrics,
  ) {}

  /** @throws ServiceError with any code of the chat routes. */
  async answer(body: ChatRequest, owner: string | null, on: TurnConditions): Promise<TurnResult> {
    const request = readRequest(body, this.environment.historyMode);
    if (request.kind === 'unkept')
      return { reply: await this.answerUnkept(request), replayed: false };
    const planned = planTurn(request.conversationId, on.idempotency);
    const answer = (turn: PlannedTurn, retry: boolean) =>
      this.answerKept(request, owner, { ...turn, ...on, retry });
    if (!on.idempotency) return { reply: await answer(planned, false), replayed: false };
    return this.once.answer({ mark: on.idempotency, planned, owner, ...request }, answer);
  }

  private async answerUnkept({ query, history }: UnkeptRequest): Promise<ChatReply> {
    const source = history.length > 0 ? 'client' : 'none';
    const answered = await this.ask(query, source, history);
    return replyOf(answered, { conversationId: null, turnId: null, seq: null, durability: 'none' });
  }

  private async answerKept(
    request: KeptRequest,
    owner: string | null,
    { conversationId, turnId, ...options }: PlannedTurn & AppendConditions,
  ): Promise<ChatReply> {
    const startedMs = performance.now();
    const { query, durability, metadata } = request;
    const recalled = await this.recall(request, owner, options.expectedSeq);
    const answered = await this.ask(query, recalled.source, recalled.turns);

    const create = request.conversationId === null;
    const beginning = { create, title: create ? titleOf(query) : null };
    const where = { conversationId, owner, keyring: recalled.keyring };
    const turn = turnOf(turnId, query, answered, metadata, Date.now(), options.idempotency);
    const appended = await this.timed('append', () =>
      this.store.append({ ...where, ...beginning, turn, durability, ...options }),
    );
    const ownMs = performance.now() - startedMs - answered.latencyMs;
    this.metrics.turnLatency.observe({ step: 'total' }, Math.max(0, ownMs) / 1000);
    if (create) this.metrics.sessionsCreated.inc();
    this.metrics.messagesSaved.inc({ durability: appended.durability });
    return replyOf(answered, { conversationId, turnId, ...appended });
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

  private async ask(
    query: string,
    source: HistoryUse['source'],
    available: readonly HistoryTurn[],
  ): Promise<AnsweredQuestion> {
    const { turns, tokens } = chooseWindow(available, {
      maxTurns: this.environment.pruneHistoryToTurns,
      maxTokens: this.environment.historyMaxTokens,
    });
    const startedMs = performance.now();
    const signal = AbortSignal.timeout(this.environment.answerTimeoutMs);
    const answer = await this.engine.answer({ query, history: turns, signal });
    const latencyMs = Math.round(performance.now() - startedMs);
    this.metrics.answerLatency.observe(latencyMs / 1000);
    const counts = { turns_used: turns.length, turns_available: available.length, tokens };
    return { answer, history: { source, ...counts }, latencyMs };
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

function turnOf(
  id: string,
  question: string,
  { answer, history, latencyMs }: AnsweredQuestion,
  metadata: Metadata | null,
  createdAt: number,
  idempotency: IdempotencyMark | null,
): Turn {
  return {
    id,
    question,
    answer: answer.text,
    sources: answer.citations.map((citation) => citation.id),
    context: { citations: answer.citations, history },
    status: answer.status,
    createdAt,
    model: answer.model,
    usage: answer.usage,
    latencyMs,
    metadata,
    idempotency,
  };
}
