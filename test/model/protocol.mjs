// npm run model -- [schedules] [seed] [--without RULE] [--rules]
// Checks the write-behind protocol on abstract stores under random schedules; exit status 1 when a promise was broken.
import { loadTypeScript } from '../support/run-typescript.mjs';

const { main } = await loadTypeScript('/test/model/protocol.cli.ts');
process.exit(main(process.argv.slice(2)));
