import type { Paper, PaperStore } from './paper.js';
import { readPaperLine } from './paper-file.js';

// One statement of 200 notes stays near a third of a megabyte.
const BATCH_PAPERS = 200;

// Enough to see what is wrong with a file; the count says how much.
const BAD_LINES_LISTED = 10;

export interface BadLine {
  /** From 1, as editors count. */
  readonly number: number;
  readonly reason: string;
}

export interface ImportReport {
  readonly added: number;
  readonly updated: number;
  readonly badLines: number;
  readonly firstBadLines: readonly BadLine[];
}

/**
 * Puts every good line into the store, in batches; of lines with the same id the last one stays.
 * Bad lines are counted and left out. A store that fails ends the import; what went before is kept,
 * and importing the same file again is harmless.
 */
export async function importPapers(
  lines: AsyncIterable<string>,
  store: PaperStore,
): Promise<ImportReport> {
  const firstBadLines: BadLine[] = [];
  const batch = new Map<string, Paper>();
  let number = 0;
  let badLines = 0;
  let added = 0;
  let updated = 0;

  const putBatch = async (): Promise<void> => {
    if (batch.size === 0) return;
    const stored = await store.put([...batch.values()]);
    added += stored.added;
    updated += stored.updated;
    batch.clear();
  };

  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const { paper, reason } = readPaperLine(line);
    if (paper) {
      batch.set(paper.id, paper);
      if (batch.size === BATCH_PAPERS) await putBatch();
    } else {
      badLines++;
      if (firstBadLines.length < BAD_LINES_LISTED) firstBadLines.push({ number, reason });
    }
  }
  await putBatch();
  return { added, updated, badLines, firstBadLines };
}

/** What the operator is told at the end. */
export function describeImport({ added, updated, badLines, firstBadLines }: ImportReport): string {
  const papers = added + updated;
  const head =
    `imported ${papers} ${papers === 1 ? 'paper' : 'papers'} (${added} new, ${updated} updated), ` +
    `${badLines} bad ${badLines === 1 ? 'line' : 'lines'}`;
  const listed = firstBadLines.map(({ number, reason }) => `  line ${number}: ${reason}`);
  const hidden = badLines - firstBadLines.length;
  return [head, ...listed, ...(hidden > 0 ? [`  and ${hidden} more`] : [])].join('\n');
}
