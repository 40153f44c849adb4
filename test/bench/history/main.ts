import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { HistoryStrategy } from '../../../src/history/history-chooser.js';
import { type CountTokens, loadTokenizer } from '../../../src/history/tokens.js';
import { type Dialogue, readDialogues } from './locomo.js';
import { meanRecall } from './recall.js';
import { timeDialogues, timeTurns } from './timing.js';

const OWN_DIALOGUES = new URL('dialogues.json', import.meta.url);
const BUDGETS = [1000, 3000, 5000];
const SIZES = [50, 1000];

/** Measures how much of the evidence for questions reaches the prompt, and how long choosing it takes. */
export async function main(args: string[]): Promise<void> {
  const options = { data: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { data, json } = parseArgs({ args, options }).values;
  const count = await loadTokenizer();
  const dialogues = readDialogues(await readFile(data ?? OWN_DIALOGUES, 'utf8'), count);
  if (dialogues.every(({ questions }) => questions.length === 0)) {
    throw new Error('no question names a turn of its dialogue');
  }
  if (json) console.log(JSON.stringify(figuresOf(dialogues, count)));
  else print(dialogues, count);
}

function figuresOf(dialogues: readonly Dialogue[], count: CountTokens) {
  const { cold, warm } = timeDialogues(dialogues, count);
  return {
    ours: recallsOf(dialogues, 'relevance', count),
    recency: recallsOf(dialogues, 'recency', count),
    questions: totalOf(dialogues, ({ questions }) => questions.length),
    ms_cold: rounded(cold, 2),
    ms_warm: rounded(warm, 2),
  };
}

function recallsOf(
  dialogues: readonly Dialogue[],
  strategy: HistoryStrategy,
  count: CountTokens,
): Record<string, number> {
  return Object.fromEntries(
    BUDGETS.map((budget) => [budget, rounded(meanRecall(dialogues, strategy, budget, count), 1)]),
  );
}

function print(dialogues: readonly Dialogue[], count: CountTokens): void {
  const { ours, recency, questions, ms_cold, ms_warm } = figuresOf(dialogues, count);
  const turns = totalOf(dialogues, (dialogue) => dialogue.turns.length);
  const tokens = totalOf(dialogues, (dialogue) =>
    dialogue.turns.reduce((sum, turn) => sum + turn.tokens, 0),
  );
  const left = totalOf(dialogues, (dialogue) => dialogue.left.questions);
  const unknown = totalOf(dialogues, (dialogue) => dialogue.left.evidence);
  console.log(`${dialogues.length} dialogues, ${turns} turns, ${tokens} tokens`);
  console.log(
    `${questions} questions; ${left} without evidence, ${unknown} unknown turns left out`,
  );
  console.log('\nEvidence in the prompt, percent');
  for (const budget of BUDGETS) {
    console.log(`  ${budget} tokens: ours ${ours[budget]}, recency ${recency[budget]}`);
  }
  console.log(`\nOne choice, ms: ${ms_cold} cold, ${ms_warm} warm`);
  for (const size of SIZES) {
    const { cold, warm } = timeTurns(dialogues, size, count);
    console.log(`  ${size} turns: ${rounded(cold, 2)} cold, ${rounded(warm, 2)} warm`);
  }
}

function totalOf(dialogues: readonly Dialogue[], amountOf: (dialogue: Dialogue) => number): number {
  return dialogues.reduce((sum, dialogue) => sum + amountOf(dialogue), 0);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
