// npm run fuzz -- --requests N --seed S: sends requests that make no sense to every route of a service of its own, on
// stores of its own. Exit status 0 only when none of them got a 5xx, stopped the service or made it grow. Ctrl-C ends it.
import { runEntry } from '../../scripts/setup/entry.mjs';
import { loadTypeScript } from '../support/run-typescript.mjs';

await runEntry(async ({ requested }) => {
  const { main } = await loadTypeScript('/test/fuzz/main.ts');
  return main(process.argv.slice(2), requested);
});
