import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runLogged } from './logged-command.mjs';
import { say } from './messages.mjs';

const LOCK_WAIT_SECONDS = 120;
const NETWORK_TIMEOUT_SECONDS = 20;

const OPTIONS = [
  `--option=DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`,
  `--option=Acquire::http::Timeout=${NETWORK_TIMEOUT_SECONDS}`,
  `--option=Acquire::https::Timeout=${NETWORK_TIMEOUT_SECONDS}`,
];

/**
 * Installs a package of Debian's where that needs no password, and says so before.
 * @param {object} wanted
 * @param {string} wanted.name for messages
 * @param {string} wanted.package
 * @param {string} wanted.takes how long
 * @param {string} logFolder
 */
export async function installPackage({ name, package: packageName, takes }, logFolder) {
  const aptGet = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  if (!works([...aptGet, '--version'])) return;
  say(`Installing ${name} with "${aptGet.join(' ')}" (once, about ${takes}) …`);
  // The lists of one broken source must not keep the package of another away: the install decides.
  await run([...aptGet, ...OPTIONS, 'update'], join(logFolder, 'apt-update.log'));
  const install = [...aptGet, ...OPTIONS, 'install', '-y', '--no-install-recommends', packageName];
  const failure = await run(install, join(logFolder, `${packageName}-install.log`));
  if (failure) say(`${name} could not be installed. ${failure}`);
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
