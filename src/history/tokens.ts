import { Pauses } from './pauses.js';

/** How many tokens a text takes in a prompt. */
export type CountTokens = (text: string) => number;

/**
 * A cheap estimate, for where no tokenizer is wanted: within a factor of two for prose. UTF-16 and UTF-8
 * length together are 2 for an English letter (a quarter of a token), 3 for a Russian and 4 for a Chinese one.
 */
export const estimateTokens: CountTokens = (text) =>
  Math.ceil((text.length + Buffer.byteLength(text)) / 8);

// The tokenizer's time grows with the square of a run that nothing interrupts: 100,000 of one Chinese
// character take a minute, cut into pieces of 256 some milliseconds. Real texts have no such runs.
// Line breaks end no run of signs: the tokenizer takes "/\n/\n/" as one.
const LONG_RUN = /[\p{L}\p{M}]{257,}|(?:[^\s\p{L}\p{M}\p{N}]|[\r\n]){257,}|\s{257,}/gu;
const PIECE = /.{1,256}/gsu;

// Takes 12 ms at worst, of rare Chinese characters; each cut costs a token at most.
const SLICE = /.{1,4096}/gsu;
const slicesOf = (text: string): readonly string[] => text.match(SLICE) ?? [];

/** Loads the tokenizer of OpenAI's models since GPT-4o (o200k_base): once, 0.15 s and some 60 MB. */
export async function loadTokenizer(): Promise<CountTokens> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  // A text may speak of "<|endoftext|>": an ordinary word here, where the default is to throw.
  const count = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });
  const countSlice = (text: string): number => {
    let tokens = 0;
    let start = 0;
    for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
      tokens += count(text.slice(start, index));
      for (const piece of run.match(PIECE) ?? []) tokens += count(piece);
      start = index + run.length;
    }
    return tokens + count(text.slice(start));
  };
  return (text) => slicesOf(text).reduce((sum, slice) => sum + countSlice(slice), 0);
}

/** Tokens of a turn in a prompt: its two texts. What a model adds around each message is its own affair. */
export function countTurn(
  { question, answer }: { question: string; answer: string },
  count: CountTokens,
): number {
  return count(question) + count(answer);
}

/** The same, slice by slice: a long turn holds nobody up. */
export async function countTurnInSlices(
  { question, answer }: { question: string; answer: string },
  count: CountTokens,
): Promise<number> {
  const pauses = new Pauses();
  let tokens = 0;
  for (const slice of [...slicesOf(question), ...slicesOf(answer)]) {
    tokens += count(slice);
    await pauses.take();
  }
  return tokens;
}
