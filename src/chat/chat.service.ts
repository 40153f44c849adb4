import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Answer, AnswerEngine } from '../answer/answer-engine.js';
import type { Caller } from '../auth/caller.js';
import { Environment } from '../config/environment.js';
import { HistoryStore, type Recalled } from '../conversation/history-store.js';
import type { HistoryTurn, HistoryUse, Metadata, Turn } from '../conversation/turn.js';
import { chooseWindow } from '../history/window.js';
import { Metrics } from '../metrics/metrics.js';
import type { ChatReply } from './chat-reply.dto.js';
import type { ChatRequest } from './chat-request.dto.js';
import { replyOf } from './reply.js';
import { type KeptRequest, readRequest, type UnkeptRequest } from './request-rules.js';

const NO_HISTORY: Recalled = { source: 'none', turns: [], lastSeq: 0 };

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
    private readonly engine: AnswerEngine,
    private readonly metrics: Metrics,
  ) {}

  /** @throws ServiceError with any code of the chat routes. */
  async answer(body: ChatRequest, caller: Caller): Promise<ChatReply> {
    const request = readRequest(body, this.environment.historyMode);
    return request.kind === 'unkept'
      ? this.answerUnkept(request)
      : this.answerKept(request, caller);
  }

  private async answerUnkept({ query, history }: UnkeptRequest): Promise<ChatReply> {
    const source = history.length > 0 ? 'client' : 'none';
    const answered = await this.ask(query, source, history);
    return replyOf(answered, { conversationId: null, turnId: null, seq: null, durability: 'none' });
  }

  private async answerKept(request: KeptRequest, caller: Caller): Promise<ChatReply> {
    const { query, durability } = request;
    const owner = caller.userId;
    const recalled = await this.recall(request, owner);
    const answered = await this.ask(query, recalled.source, recalled.turns);

    const create = request.conversationId === null;
    const conversationId = request.conversationId ?? randomUUID();
    const turn = turnOf(query, answered, request.metadata, Date.now());
    const appended = await this.timed('append', () =>
      this.store.append({ conversationId, owner, turn, create, durability }),
    );
    if (create) this.metrics.sessionsCreated.inc();
    this.metrics.messagesSaved.inc({ durability: appended.durability });
    return replyOf(answered, { conversationId, turnId: turn.id, ...appended });
  }

  /** Fails before the engine is asked when the turn could not be kept anyway. */
  private async recall(request: KeptRequest, owner: string | null): Promise<Recalled> {
    const { conversationId, durability } = request;
    await this.store.assertWritable(durability);
    if (conversationId === null) return NO_HISTORY;
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
  question: string,
  { answer, history, latencyMs }: AnsweredQuestion,
  metadata: Metadata | null,
  createdAt: number,
): Turn {
  return {
    id: uuidv7({ msecs: createdAt }),
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
    idempotency: null,
  };
}
