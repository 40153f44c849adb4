import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import type { EarlierTurn } from '../history/earlier-turn.js';
import { HistoryChooser } from '../history/history-chooser.js';
import { estimateTokens, loadTokenizer } from '../history/tokens.js';
import type { HistoryWindow } from '../history/window.js';

/** The history of a prompt, by the environment's strategy, limits and tokenizer; that is loaded by the first turn. */
@Injectable()
export class PromptHistory {
  private loading: Promise<HistoryChooser> | undefined;

  constructor(private readonly environment: Environment) {}

  /** @param turns all that may be chosen, oldest first */
  async choose(question: string, turns: readonly EarlierTurn[]): Promise<HistoryWindow> {
    this.loading ??= this.load();
    const chooser = await this.loading;
    return chooser.choose(question, turns, {
      maxTurns: this.environment.pruneHistoryToTurns,
      maxTokens: this.environment.historyMaxTokens,
    });
  }

  private async load(): Promise<HistoryChooser> {
    const { historyStrategy, historyTokenizer } = this.environment;
    const count = historyTokenizer === 'estimate' ? estimateTokens : await loadTokenizer();
    return new HistoryChooser(historyStrategy, count);
  }
}
