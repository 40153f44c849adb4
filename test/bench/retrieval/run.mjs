// npm run bench:retrieval -- [--json]
// Asks the questions of papers/questions.jsonl of the notes that ship, and counts how often the right paper is found.
import { loadTypeScript } from '../../support/run-typescript.mjs';

const { main } = await loadTypeScript('/test/bench/retrieval/main.ts');
await main(process.argv.slice(2));
process.exit(0);
