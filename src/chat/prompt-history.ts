import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import type { EarlierTurn } from '../conversation/turn.js';
import { HistoryChooser } from '../history/history-chooser.js';
import {
  type CountTokens,
  countTurnInSlices,
  estimateTokens,
  loadTokenizer,
} from '../history/tokens.js';
import type { HistoryWindow } from '../history/window.js';

/** The history of a prompt, by the environment's strategy, limits and tokenizer; that is loaded by the first turn. */
@Injectable()
export class PromptHistory {
  private loading: Promise<{ chooser: HistoryChooser; countTokens: CountTokens }> | undefined;

  constructor(private readonly environment: Environment) {}

  /** @param turns all that may be chosen, oldest first */
  async choose(question: string, turns: readonly EarlierTurn[]): Promise<HistoryWindow> {
    const { chooser } = await this.loaded();
    await chooser.read(turns);
    return chooser.choose(question, turns, {
      maxTurns: this.environment.pruneHistoryToTurns,
      maxTokens: this.environment.historyMaxTokens,
    });
  }

  /** Tokens of a turn that is going to be history. */
  async count(question: string, answer: string): Promise<number> {
    const { countTokens } = await this.loaded();
    return countTurnInSlices({ question, answer }, countTokens);
  }

  private loaded() {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load() {
    const { historyStrategy, historyTokenizer } = this.environment;
    const countTokens = historyTokenizer === 'estimate' ? estimateTokens : await loadTokenizer();
    return { chooser: new HistoryChooser(historyStrategy, countTokens), countTokens };
  }
}
