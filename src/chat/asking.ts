import { Injectable } from '@nestjs/common';
import { type Answer, AnswerEngine } from '../answer/answer-engine.js';
import { AnswerSoFar } from '../answer/answer-so-far.js';
import { Environment } from '../config/environment.js';
import type { HistoryTurn, HistoryUse } from '../conversation/turn.js';
import { chooseWindow } from '../history/window.js';
import { Metrics } from '../metrics/metrics.js';
import type { AnsweredQuestion, TurnListener } from './turn.js';

/** A question with the history that fits its prompt. */
export interface Prompt {
  readonly query: string;
  readonly turns: readonly HistoryTurn[];
  readonly use: HistoryUse;
}

/** Asks the engine, with the history that fits. */
@Injectable()
export class Asking {
  constructor(
    private readonly environment: Environment,
    private readonly engine: AnswerEngine,
    private readonly metrics: Metrics,
  ) {}

  prompt(query: string, source: HistoryUse['source'], available: readonly HistoryTurn[]): Prompt {
    const { turns, tokens } = chooseWindow(available, {
      maxTurns: this.environment.pruneHistoryToTurns,
      maxTokens: this.environment.historyMaxTokens,
    });
    const counts = { turns_used: turns.length, turns_available: available.length, tokens };
    return { query, turns, use: { source, ...counts } };
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
    const deadline = AbortSignal.timeout(this.environment.answerTimeoutMs);
    const signal = listener ? AbortSignal.any([deadline, listener.signal]) : deadline;
    const answer = await this.heard({ query, history: turns, signal }, listener);
    const latencyMs = Math.round(performance.now() - startedMs);
    this.metrics.answerLatency.observe(latencyMs / 1000);
    return { answer, history: use, latencyMs };
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
