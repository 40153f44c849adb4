import { parseArgs } from 'node:util';
import { readInquiry } from '../../../src/answer/inquiry.js';
import { PaperIndex } from '../../../src/answer/papers/paper-index.js';
import { ShippedPapers } from '../../../src/answer/papers/shipped-papers.js';
import { retrieve } from '../../../src/answer/retrieval.js';
import { QUESTIONS } from './questions.js';
import { recallAt } from './recall.js';

const TIMED_ROUNDS = 21;

/** Measures how often the right paper is found first and among three, and how long a search takes. */
export async function main(args: string[]): Promise<void> {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean' } } }).values;
  const papers = await new ShippedPapers().all();
  const index = await PaperIndex.of(papers);
  const at1 = recallAt(1, index, QUESTIONS);
  const at3 = recallAt(3, index, QUESTIONS);
  const msPerSearch = timeSearch(index);
  if (json) {
    const figures = { found_at_1: at1.found, found_at_3: at3.found, questions: QUESTIONS.length };
    const recall = { recall_at_1: rounded(at1.recall), recall_at_3: rounded(at3.recall) };
    console.log(JSON.stringify({ ...figures, ...recall, ms: rounded(msPerSearch) }));
    return;
  }
  console.log(`${QUESTIONS.length} questions, ${papers.length} papers`);
  for (const [first, { found, recall, missed }] of [[1, at1] as const, [3, at3] as const]) {
    console.log(`\nAmong the first ${first}`);
    console.log(`  a right paper for ${found} (${percent(found / QUESTIONS.length)})`);
    console.log(`  of all the right papers ${percent(recall)}`);
    for (const question of missed) console.log(`  missed: ${question}`);
  }
  console.log(`\nOne search: ${msPerSearch.toFixed(2)} ms (median of ${TIMED_ROUNDS} rounds)`);
}

function timeSearch(index: PaperIndex): number {
  const times = Array.from({ length: TIMED_ROUNDS }, () => {
    const startMs = performance.now();
    for (const { question } of QUESTIONS) retrieve(index, readInquiry(question, []));
    return (performance.now() - startMs) / QUESTIONS.length;
  });
  return times.toSorted((one, other) => one - other)[(TIMED_ROUNDS - 1) / 2]!;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const rounded = (value: number): number => Number(value.toFixed(3));
