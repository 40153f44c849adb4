import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';

const OLDEST_MAJOR = 7;
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

// Debian's redis-tools holds the server too, as redis-check-rdb: one program that goes by the name it is called by, and
// redis-server is a link to it. redis-tools alone brings no service that would be started and enabled.
const NAMES = ['redis-server', 'valkey-server', 'redis-check-rdb'];

/** Called by this name the program is a server, whatever its file is called. */
export const SERVER_NAME = 'redis-server';

/** @type {string | undefined} */
let found;

/** The path of a Redis (or Valkey) of at least version 7; undefined when there is none. */
export function findRedisBinary() {
  if (found && existsSync(found)) return found;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...USUAL_FOLDERS];
  found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isServer);
  return found;
}

/** @param {string} path */
function isServer(path) {
  if (!existsSync(path)) return false;
  const { stdout } = spawnSync(path, ['--version'], { argv0: SERVER_NAME, encoding: 'utf8' });
  const major = /server v=(\d+)\./.exec(stdout ?? '')?.[1];
  return Number(major) >= OLDEST_MAJOR;
}
