import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

/**
 * Loads a TypeScript module of the tests in plain Node, as vitest loads them.
 * @param {string} path from the project's folder, such as `/test/chaos/main.ts`
 * @returns {Promise<Record<string, any>>} what it exports
 */
export async function loadTypeScript(path) {
  const vite = await createViteServer({
    configFile: false,
    root: fileURLToPath(new URL('../..', import.meta.url)),
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  return vite.ssrLoadModule(path);
}
