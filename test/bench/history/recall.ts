import { HistoryChooser, type HistoryStrategy } from '../../../src/history/history-chooser.js';
import type { CountTokens } from '../../../src/history/tokens.js';
import type { Dialogue } from './locomo.js';

/**
 * The mean share of a question's evidence that reaches a prompt of at most so many tokens, in percent,
 * over all questions of all dialogues. The number of turns is not limited.
 */
export function meanRecall(
  dialogues: readonly Dialogue[],
  strategy: HistoryStrategy,
  maxTokens: number,
  count: CountTokens,
): number {
  const recalls = dialogues.flatMap(({ turns, questions }) => {
    const chooser = new HistoryChooser(strategy, count);
    return questions.map(({ text, evidence }) => {
      const window = chooser.choose(text, turns, { maxTurns: Infinity, maxTokens });
      const ids = new Set(window.turns.map(({ id }) => id));
      return evidence.filter((id) => ids.has(id)).length / evidence.length;
    });
  });
  return (100 * recalls.reduce((sum, recall) => sum + recall, 0)) / recalls.length;
}
