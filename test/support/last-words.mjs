// A process that ends, or is warned, as the service may be: node last-words.mjs exception|rejection|warning CANARY
import { loadTypeScript } from './run-typescript.mjs';

const [what, canary] = process.argv.slice(2);
const { logLastWords } = await loadTypeScript('/src/logging/last-words.ts');
const { PinoLogger } = await loadTypeScript('/src/logging/pino.logger.ts');
logLastWords(new PinoLogger('info'));

const error = Object.assign(new Error(canary), { detail: canary, parameters: [canary] });
if (what === 'exception') {
  setImmediate(() => {
    throw error;
  });
} else if (what === 'rejection') {
  void Promise.reject(error);
} else if (what === 'nothing') {
  void Promise.reject(canary);
} else {
  process.emitWarning(`${canary}`, { type: 'DeprecationWarning', code: 'DEP4711', detail: canary });
  setTimeout(() => process.exit(0), 50);
}
setInterval(() => undefined, 1000);
