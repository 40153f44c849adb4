import type { EarlierTurn } from '../conversation/turn.js';
import { type CountTokens, countTurn, estimateTokens } from './tokens.js';

// Shows the model, and whoever reads the prompt, that a text goes on.
const CUT_MARK = ' […]';
// The estimate is right within a factor of two for prose: what is longer is not even counted.
const MOST_ESTIMATED = 2;
// A text's tokens are not spread evenly: aims a little below, so as to try seldom more than twice.
const AIM = 0.98;

export interface FittedTurns {
  readonly turns: readonly EarlierTurn[];
  readonly tokens: number;
}

/** Cuts the texts of turns, visibly, so that together they have at most `maxTokens`. */
export function cutToFit(
  turns: readonly EarlierTurn[],
  maxTokens: number,
  count: CountTokens,
): FittedTurns {
  // Each of the texts gets an equal share; what a short one leaves over goes to the next.
  let left = maxTokens;
  let texts = turns.length * 2;
  const cut = (text: string): string => {
    const fitting = cutText(text, Math.floor(left / texts--), count);
    left -= count(fitting);
    return fitting;
  };
  const fitting = turns.map((turn) => {
    const texts = { question: cut(turn.question), answer: cut(turn.answer) };
    return { ...turn, ...texts, tokens: countTurn(texts, count) };
  });
  return { turns: fitting, tokens: maxTokens - left };
}

function cutText(text: string, maxTokens: number, count: CountTokens): string {
  const share = (MOST_ESTIMATED * maxTokens) / estimateTokens(text);
  let end = share < 1 ? Math.floor(text.length * share) : text.length;
  let fitting = end < text.length ? marked(text, end) : text;
  for (let tokens = count(fitting); tokens > maxTokens; tokens = count(fitting)) {
    end = Math.min(end - 1, Math.floor((end * maxTokens * AIM) / tokens));
    if (end <= 0) return '';
    fitting = marked(text, end);
  }
  return fitting;
}

/** Never ends in half a character. */
function marked(text: string, end: number): string {
  return (
    text
      .slice(0, end)
      .toWellFormed()
      .replace(/\uFFFD$/u, '') + CUT_MARK
  );
}
