import { Injectable } from '@nestjs/common';
import { type Answer, AnswerEngine } from '../answer/answer-engine.js';
import { AnswerSoFar } from '../answer/answer-so-far.js';
import { deadlineReached } from '../answer/engine-failure.js';
import { Environment } from '../config/environment.js';
import type { HistoryTurn, HistoryUse } from '../conversation/turn.js';
import { Metrics } from '../metrics/metrics.js';
import { HistoryDepth, type NewestTurns, type Whose } from './history-depth.js';
import { PromptHistory } from './prompt-history.js';
import type { AnsweredQuestion, TurnListener } from './turn.js';

/** A question with the history that helps with it. */
export interface Prompt {
  readonly query: string;
  readonly turns: readonly HistoryTurn[];
  readonly use: HistoryUse;
}

/** Asks the engine, with the history that helps with the question, for as long as it may take. */
@Injectable()
export class Asking {
  constructor(
    private readonly environment: Environment,
    private readonly depth: HistoryDepth,
    private readonly history: PromptHistory,
    private readonly engine: AnswerEngine,
    private readonly metrics: Metrics,
  ) {}

  /** @param whose the conversation; null: it is kept nowhere */
  async prompt(query: string, recalled: NewestTurns, whose: Whose | null): Promise<Prompt> {
    const available = await this.depth.reach(query, recalled, whose);
    const { turns, tokens } = await this.history.choose(query, available);
    const counts = { turns_used: turns.length, turns_available: available.length, tokens };
    return { query, turns, use: { source: recalled.source, ...counts } };
  }

  /**
   * An answer of which the listener has heard something is given as far as it came.
   * @throws ServiceError answer_engine_failed, answer_engine_timeout when there is none.
   */
  async ask(
    { query, turns, use }: Prompt,
    listener: TurnListener | null,
  ): Promise<AnsweredQuestion> {
    const startedMs = performance.now();
    // Not AbortSignal.timeout: within AbortSignal.any the garbage collector may take it before its time.
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(deadlineReached()),
      this.environment.answerTimeoutMs,
    );
    const signal = AbortSignal.any([deadline.signal, ...(listener ? [listener.signal] : [])]);
    const request = { query, history: turns, signal };
    const answer = await this.heard(request, listener).finally(() => clearTimeout(timer));
    const latencyMs = Math.round(performance.now() - startedMs);
    this.metrics.answerLatency.observe(latencyMs / 1000);
    const tokens = await this.history.count(query, answer.text);
    return { answer, history: use, latencyMs, tokens };
  }

  private async heard(
    request: Parameters<AnswerEngine['stream']>[0],
    listener: TurnListener | null,
  ): Promise<Answer> {
    if (!listener) return this.engine.answer(request);
    const soFar = new AnswerSoFar();
    const parts = this.engine.stream(request);
    try {
      for (;;) {
        const step = await parts.next();
        if (step.done) return step.value;
        soFar.add(step.value);
        listener.said(step.value);
      }
    } catch (error) {
      if (soFar.text === '') throw error;
      listener.brokeOff(error);
      return soFar.as('partial');
    }
  }
}
