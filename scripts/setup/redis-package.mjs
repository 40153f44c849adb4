import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findRedisBinary } from '../servers/redis-binary.mjs';
import { runLogged } from './logged-command.mjs';
import { say } from './messages.mjs';

const LOCK_WAIT_SECONDS = 120;
const NETWORK_TIMEOUT_SECONDS = 20;

// Not redis-server: that package is a link into redis-tools and a service, which would be started on port 6379 now and
// at every boot. Nobody asked for that service, and the program is the same (see redis-binary.mjs).
const PACKAGE = 'redis-tools';

const OPTIONS = [
  `--option=DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`,
  `--option=Acquire::http::Timeout=${NETWORK_TIMEOUT_SECONDS}`,
  `--option=Acquire::https::Timeout=${NETWORK_TIMEOUT_SECONDS}`,
];

/**
 * Sees to it that a Redis is installed, where that needs no password; false when there is none.
 * @param {string} logFolder
 */
export async function ensureRedis(logFolder) {
  if (findRedisBinary()) return true;
  const aptGet = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  if (!works([...aptGet, '--version'])) return false;
  say(`Installing Redis with "${aptGet.join(' ')}" (once, about 20 seconds) …`);
  // The lists of one broken source must not keep the package of another away: the install decides.
  await run([...aptGet, ...OPTIONS, 'update'], join(logFolder, 'apt-update.log'));
  const install = [...aptGet, ...OPTIONS, 'install', '-y', '--no-install-recommends', PACKAGE];
  const failure = await run(install, join(logFolder, 'redis-install.log'));
  if (failure) say(`Redis could not be installed. ${failure}`);
  return findRedisBinary() !== undefined;
}

/** @param {string[]} command @param {string} logFile */
function run([command = '', ...args], logFile) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Out of reach of Ctrl-C: dpkg must not stop halfway.
  return runLogged(command, args, { logFile, env, detached: true });
}

/** @param {string[]} command */
function works([command = '', ...args]) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
