import { ensureBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { alone } from './lock.mjs';

/**
 * Brings node_modules and dist up to date, one process at a time.
 * @param {string} dataFolder for the logs, too
 * @param {AbortSignal} signal
 */
export async function prepareCheckout(dataFolder, signal) {
  await alone(dataFolder, 'set-up', signal, async () => {
    await ensureDependencies(dataFolder, signal);
    await ensureBuild(dataFolder, signal);
  });
}
