// npm run bench:archive -- [--turns 1000000] [--sealed] [--keep FOLDER]: a month of demo data on private servers, and how
// long lists, turns, searches and figures take over HTTP. --keep leaves the data there for another run.
import { runEntry } from '../../../scripts/setup/entry.mjs';
import { loadTypeScript } from '../../support/run-typescript.mjs';

await runEntry(async ({ requested }) => {
  const { main } = await loadTypeScript('/test/bench/archive/main.ts');
  return main(process.argv.slice(2), requested);
});
