// npm test: the tests on real servers of their own, never on those that REDIS_URL and DATABASE_URL name.
import './setup/node-version.mjs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from './servers/machine-folder.mjs';
import { requireBinaries } from './servers/postgres-data.mjs';
import { prepareCheckout } from './setup/checkout.mjs';
import { ensureChromium, openPages } from './setup/chromium-package.mjs';
import { openDataFolder } from './setup/data-folder.mjs';
import { runEntry } from './setup/entry.mjs';
import { readSettings } from './setup/environment.mjs';
import { runForeground } from './setup/foreground.mjs';
import { SetupError } from './setup/messages.mjs';
import { ensureRedis } from './setup/redis-package.mjs';
import { openTestRun } from './setup/test-run.mjs';

const VITEST = join(PROJECT_FOLDER, 'node_modules/vitest/vitest.mjs');

const STORES_OF_THE_CALLER = [
  'REDIS_URL',
  'REDIS_PASSWORD',
  'DATABASE_URL',
  'DATABASE_MIGRATION_URL',
  'DATABASE_REPLICA_URLS',
];

const HOW_TO_GET_REDIS = `The tests need a Redis of version 7 or later, and none is installed:
  macOS:           brew install redis
  Debian, Ubuntu:  sudo apt-get install redis-server
  anywhere:        docker run --rm -v "$PWD:/app" -w /app node:22 npm test`;

await runEntry(async (stop) => {
  const dataFolder = openDataFolder(readSettings());
  await prepareCheckout(dataFolder, stop.requested);
  if (!(await ensureRedis(dataFolder))) throw new SetupError(HOW_TO_GET_REDIS);
  requireBinaries();
  const given = process.argv.slice(2);
  if (openPages(given)) await ensureChromium(dataFolder);
  const run = await openTestRun(dataFolder);
  try {
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, ...run.environment };
    for (const name of STORES_OF_THE_CALLER) delete env[name];
    const args = [VITEST, 'run', ...given];
    return await runForeground(args, { cwd: PROJECT_FOLDER, env }, stop);
  } finally {
    await run.close();
  }
});
