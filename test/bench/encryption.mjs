// node test/bench/encryption.mjs: what encryption costs a turn, in CPU time: its own sealing and encoding for Redis, and
// decoding and opening the history before it.
import { loadTypeScript } from '../support/run-typescript.mjs';

const { main } = await loadTypeScript('/test/bench/encryption.ts');
main();
