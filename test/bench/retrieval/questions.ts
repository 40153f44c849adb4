import { readFileSync } from 'node:fs';

export interface PaperQuestion {
  readonly question: string;
  /** Ids of the papers that answer it. */
  readonly papers: readonly string[];
}

/** The 60 questions that ship with the notes. */
export const QUESTIONS = readFileSync(
  new URL('../../../papers/questions.jsonl', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as PaperQuestion);
