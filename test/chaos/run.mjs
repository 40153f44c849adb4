// npm run chaos -- --seed N --turns 5000: breaks everything at random under load, then holds every acknowledged turn
// against both stores. Exit status 0 only when nothing was lost, doubled or reordered. Ctrl-C ends it.
import { runEntry } from '../../scripts/setup/entry.mjs';
import { loadTypeScript } from '../support/run-typescript.mjs';

await runEntry(async ({ requested }) => {
  const { main } = await loadTypeScript('/test/chaos/main.ts');
  return main(process.argv.slice(2), requested);
});
