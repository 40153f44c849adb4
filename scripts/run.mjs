// node scripts/run.mjs SCRIPT ARGS…: runs a built tool against the stores that `npm start` uses.
import './setup/node-version.mjs';
import { resolve } from 'node:path';
import { PROJECT_FOLDER } from './servers/machine-folder.mjs';
import { prepareCheckout } from './setup/checkout.mjs';
import { openDataFolder } from './setup/data-folder.mjs';
import { runEntry } from './setup/entry.mjs';
import { readEnvFile, readSettings } from './setup/environment.mjs';
import { runForeground } from './setup/foreground.mjs';
import { takeLock } from './setup/lock.mjs';
import { SetupError } from './setup/messages.mjs';
import { openStores } from './setup/stores.mjs';

const settings = readSettings();
const [script, ...args] = process.argv.slice(2);

await runEntry(async (stop) => {
  if (!script) throw new SetupError('Usage: node scripts/run.mjs SCRIPT ARGS…');
  const tool = resolve(PROJECT_FOLDER, script);
  const runTool = (/** @type {NodeJS.Dict<string>} */ environment) => {
    // Where the user stands, as npm has gone to the top: paths among the arguments are meant from there. The tool
    // would look for .env there too, so that is passed on.
    const cwd = process.env['INIT_CWD'] ?? process.cwd();
    const env = { ...readEnvFile(), ...process.env, ...environment };
    return runForeground([tool, ...args], { cwd, env }, stop);
  };

  const dataFolder = openDataFolder(settings);
  await prepareCheckout(dataFolder, stop.requested);
  const lock = takeLock(dataFolder, 'stores', { what: `npm run (${script})` });
  if (lock.heldBy) return runTool(environmentOf(lock.heldBy));
  try {
    const stores = await openStores(settings, dataFolder);
    try {
      return await runTool(stores.environment);
    } finally {
      await stores.close();
    }
  } finally {
    lock.release();
  }
});

/** How a running `npm start` reaches its stores; what the user names goes before. @param {import('./setup/lock.mjs').Holder} holder */
function environmentOf({ environment, what, pid }) {
  if (!environment) {
    const when = 'try again when it has ended or listens';
    throw new SetupError(`"${what}" (process ${pid}) is using the stores: ${when}.`);
  }
  const named = ['REDIS_URL', 'DATABASE_URL'].filter(settings);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !named.includes(name)));
}
