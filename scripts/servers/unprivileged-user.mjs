import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ name: string, uid: number, gid: number }} User */

/**
 * Postgres refuses to run as root. For root this is the account that the servers run as; for anybody else
 * undefined: they run as the caller.
 * @returns {User | undefined}
 */
export function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    // macOS writes nobody as -2.
    if (fields) return { name, uid: Number(fields[2]) >>> 0, gid: Number(fields[3]) >>> 0 };
  }
  throw new Error('Postgres cannot run as root, and there is no account "postgres" or "nobody".');
}

/** What spawn() needs to become that user. @param {User | undefined} user */
export function identityOf(user) {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

/**
 * Gives a folder and all in it to the user, links themselves and not what they point to.
 * @param {string} folder
 * @param {User | undefined} user
 */
export function handOver(folder, user) {
  if (!user) return;
  chownSync(folder, user.uid, user.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) handOver(path, user);
    else lchownSync(path, user.uid, user.gid);
  }
}

/**
 * Whether the user may enter the folder: asked of the kernel, as modes alone do not tell (ACLs, mounts).
 * @param {string} folder
 * @param {User | undefined} user
 */
export function canEnter(folder, user) {
  return succeedsAs(user, 'cd "$1"', folder);
}

/** Whether the user may create a file there. @param {string} folder @param {User | undefined} user */
export function canWrite(folder, user) {
  return succeedsAs(user, 'cd "$1" && : > .probe && rm .probe', folder);
}

/** @param {User | undefined} user @param {string} script @param {string} folder */
function succeedsAs(user, script, folder) {
  const { status } = spawnSync('/bin/sh', ['-c', script, 'sh', folder], {
    cwd: '/',
    stdio: 'ignore',
    ...identityOf(user),
  });
  return status === 0;
}
