import type { EarlierTurn } from '../conversation/turn.js';
import { type AskedTerms, readQuestion } from './question-terms.js';
import type { TurnTerms, TurnTermsCache } from './turn-terms.js';

// BM25 for short texts (Trotman, Puurula and Burgess, 2014): repetition counts little, length hardly.
const K1 = 0.9;
const B = 0.4;

// "Lena: Thank you!" holds her name as well as what she tells of herself: a turn that says more goes first.
const SAYS_MORE = 0.2;

// What belongs together in talk is spread over several messages: question, answer, afterthought. A long
// turn holds it all, and its neighbour is another matter.
const SPREAD_OF_SHORT = [0.6, 0.36, 0.216];
const SPREAD_OF_LONG = [0.3];
// Content words: a chat message has some 10, two of them 20, an assistant's answer 60 to 200.
const SHORT_TURN = 40;

/**
 * The places of turns in the order of their relevance to a question, best first; of equals the newest.
 * BM25 over stemmed words and dates, spread to the neighbours. How new a turn is plays no part: that
 * would cost 4 to 6 points of recall, and the last turns reach the prompt anyway.
 */
export function rankTurns(
  question: string,
  turns: readonly EarlierTurn[],
  cache: TurnTermsCache,
): number[] {
  const read = turns.map((turn) => cache.of(turn));
  const { weights, borrowed } = readQuestion(question, turns);
  const meanLength = read.reduce((sum, { length }) => sum + length, 0) / turns.length;
  const own = scoresOf(weights, read, meanLength);
  if (borrowed) own[own.length - 1] = 0;
  const shares = meanLength < SHORT_TURN ? SPREAD_OF_SHORT : SPREAD_OF_LONG;
  const scores = read.map(
    ({ length }, place) => spread(own, place, shares) * (1 + SAYS_MORE * Math.log1p(length)),
  );
  return [...turns.keys()].sort((one, other) => scores[other]! - scores[one]! || other - one);
}

function scoresOf(
  asked: AskedTerms['weights'],
  turns: readonly TurnTerms[],
  meanLength: number,
): number[] {
  const matches = turns.map(({ counts }) => commonTerms(asked, counts));
  const holders = new Map<string, number>();
  for (const term of matches.flat()) holders.set(term, (holders.get(term) ?? 0) + 1);
  const weights = new Map<string, number>();
  for (const [term, count] of holders) {
    const rarity = Math.log(1 + (turns.length - count + 0.5) / (count + 0.5));
    weights.set(term, rarity * asked.get(term)!);
  }
  return turns.map(({ counts, length }, place) => {
    const norm = K1 * (1 - B + (B * length) / (meanLength || 1));
    return matches[place]!.reduce((sum, term) => {
      const count = counts.get(term)!;
      return sum + (weights.get(term)! * count * (K1 + 1)) / (count + norm);
    }, 0);
  });
}

/** Goes through the smaller one: a question may be a pasted page, a turn may be one. */
function commonTerms(asked: AskedTerms['weights'], counts: TurnTerms['counts']): string[] {
  const common: string[] = [];
  const [few, many] = asked.size < counts.size ? [asked, counts] : [counts, asked];
  for (const term of few.keys()) if (many.has(term)) common.push(term);
  return common;
}

function spread(scores: readonly number[], place: number, shares: readonly number[]): number {
  return shares.reduce(
    (sum, share, step) =>
      sum + share * ((scores[place - step - 1] ?? 0) + (scores[place + step + 1] ?? 0)),
    scores[place]!,
  );
}
