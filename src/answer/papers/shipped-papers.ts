import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Paper, PaperShelf } from './paper.js';
import { readPaperLine } from './paper-file.js';

// The repository's root is three folders up from src/answer/papers and four from dist/src/answer/papers.
const PLACES = ['../../../papers/notes.jsonl', '../../../../papers/notes.jsonl'];

/** The paper notes that ship with the service. Read-only. */
export class ShippedPapers extends PaperShelf {
  private readonly file: URL;

  constructor() {
    super();
    const file = PLACES.map((place) => new URL(place, import.meta.url)).find((url) =>
      existsSync(url),
    );
    if (!file) throw new Error('papers/notes.jsonl is missing from this installation');
    this.file = file;
  }

  override async all(): Promise<readonly Paper[]> {
    const lines = (await readFile(this.file, 'utf8')).split('\n');
    return lines.map(readPaperLine).flatMap((line) => (line.paper ? [line.paper] : []));
  }

  override async version(): Promise<string> {
    const { mtimeMs, size } = await stat(this.file);
    return `shipped ${mtimeMs} ${size}`;
  }
}
