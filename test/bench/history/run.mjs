// npm run bench:history -- [--data FILE] [--json]
// FILE holds dialogues in LoCoMo's JSON format; without one, those beside this file are taken.
import { loadTypeScript } from '../../support/run-typescript.mjs';

const { main } = await loadTypeScript('/test/bench/history/main.ts');
await main(process.argv.slice(2));
process.exit(0);
