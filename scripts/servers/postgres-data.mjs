import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findPostgresBinaries } from './postgres-binaries.mjs';
import { ServerError } from './server-process.mjs';
import { canEnter, handOver, identityOf, unprivilegedUser } from './unprivileged-user.mjs';

export const ROLE = 'openta';
export const DEFAULT_DATABASE = 'openta';

const PASSWORD_BYTES = 24;
const PASSWORD_FILE = 'openta.password';

// Case and word boundaries of all scripts; "C", which every system has, knows those of ASCII alone.
const LOCALES = process.platform === 'darwin' ? ['en_US.UTF-8', 'C'] : ['C.UTF-8', 'C'];

/** @param {string} dataDir */
export function isInitialised(dataDir) {
  return existsSync(join(dataDir, 'PG_VERSION'));
}

/** @param {string} dataDir */
export function passwordOf(dataDir) {
  return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim();
}

export function requireBinaries() {
  const binaries = findPostgresBinaries();
  if (!binaries) {
    throw new ServerError(
      `No Postgres for ${process.platform}-${process.arch}: run "npm ci" on this machine, install Postgres 15 or later, or set DATABASE_URL.`,
    );
  }
  return binaries;
}

/**
 * Makes a Postgres data folder with one database, owned by the role `openta`, whose random password is kept in the
 * folder. It is there as a whole or not at all. A copy of the folder is a data folder too (`startPostgres` sees to
 * the owner).
 * @param {object} options
 * @param {string} options.dataDir missing or empty
 * @param {string} [options.database]
 * @param {boolean} [options.sync] false: twice as fast, and lost if the machine crashes soon after
 */
export function initPostgres({ dataDir, database = DEFAULT_DATABASE, sync = true }) {
  if (!/^[a-z_][a-z0-9_]*$/.test(database))
    throw new ServerError(`Not a plain database name: ${database}`);
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new ServerError(`${dataDir} is neither empty nor a Postgres data folder.`);
  }
  const user = unprivilegedUser();
  const unfinished = `${dataDir}.initdb`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  handOver(unfinished, user);
  if (!canEnter(unfinished, user)) {
    rmSync(unfinished, { recursive: true });
    const name = user?.name ?? 'this account';
    throw new ServerError(`Postgres runs as ${name}, which cannot reach ${dirname(dataDir)}.`);
  }
  const passwordFile = join(unfinished, PASSWORD_FILE);
  const folder = join(unfinished, 'data');
  writeFileSync(passwordFile, `${randomBytes(PASSWORD_BYTES).toString('hex')}\n`, { mode: 0o600 });
  mkdirSync(folder, { mode: 0o700 });
  handOver(unfinished, user);
  runInitdb(folder, passwordFile, sync);
  createDatabase(folder, database, sync);
  renameSync(passwordFile, join(folder, PASSWORD_FILE));
  renameSync(folder, dataDir);
  rmSync(unfinished, { recursive: true });
}

/** @param {string} folder @param {string} passwordFile @param {boolean} sync */
function runInitdb(folder, passwordFile, sync) {
  const { initdb } = requireBinaries();
  const options = [
    `--pgdata=${folder}`,
    `--username=${ROLE}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    ...(sync ? [] : ['--no-sync']),
  ];
  const failures = [];
  for (const locale of LOCALES) {
    const failure = runAsServersUser(initdb, [...options, `--locale=${locale}`]);
    if (!failure) return;
    failures.push(failure);
  }
  throw new ServerError(`The Postgres data folder could not be made:\n${failures.join('\n')}`);
}

/** In single-user mode: no port, no connection. @param {string} folder @param {string} database @param {boolean} sync */
function createDatabase(folder, database, sync) {
  const args = ['--single', '-D', folder, '-c', 'exit_on_error=on', ...(sync ? [] : ['-F'])];
  const statement = `create database ${database}\n`;
  const failure = runAsServersUser(requireBinaries().postgres, [...args, 'postgres'], statement);
  if (failure) throw new ServerError(`The database ${database} could not be made:\n${failure}`);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [input]
 * @returns {string | undefined} what it said, if it failed
 */
function runAsServersUser(command, args, input) {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    ...(input ? { input } : {}),
    ...identityOf(unprivilegedUser()),
  });
  return status === 0 ? undefined : (error?.message ?? stderr);
}
