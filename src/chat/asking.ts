import { Injectable } from '@nestjs/common';
import { type Answer, AnswerEngine } from '../answer/answer-engine.js';
import { Environment } from '../config/environment.js';
import type { EarlierTurn, HistoryUse } from '../conversation/turn.js';
import { Metrics } from '../metrics/metrics.js';
import { PromptHistory } from './prompt-history.js';

export interface AnsweredQuestion {
  readonly answer: Answer;
  readonly history: HistoryUse;
  readonly latencyMs: number;
  /** Of question and answer, once they are history. */
  readonly tokens: number;
}

/** Asks the engine, with the history that helps with the question, for as long as it may take. */
@Injectable()
export class Asking {
  constructor(
    private readonly environment: Environment,
    private readonly history: PromptHistory,
    private readonly engine: AnswerEngine,
    private readonly metrics: Metrics,
  ) {}

  /** @param available the turns that may go into the prompt, oldest first */
  async ask(
    query: string,
    source: HistoryUse['source'],
    available: readonly EarlierTurn[],
  ): Promise<AnsweredQuestion> {
    const { turns, tokens } = await this.history.choose(query, available);
    const startedMs = performance.now();
    const signal = AbortSignal.timeout(this.environment.answerTimeoutMs);
    const answer = await this.engine.answer({ query, history: turns, signal });
    const latencyMs = Math.round(performance.now() - startedMs);
    this.metrics.answerLatency.observe(latencyMs / 1000);
    const counts = { turns_used: turns.length, turns_available: available.length, tokens };
    const turnTokens = await this.history.count(query, answer.text);
    return { answer, history: { source, ...counts }, latencyMs, tokens: turnTokens };
  }
}
