import { chmodSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { findPostgresBinaries } from './postgres-binaries.mjs';
import {
  DEFAULT_DATABASE,
  initPostgres,
  isInitialised,
  passwordOf,
  requireBinaries,
  ROLE,
} from './postgres-data.mjs';
import { comesTrue, isWorkedIn } from './processes.mjs';
import { readPid, ServerError, startServer, stopLeftover } from './server-process.mjs';
import { handOver, unprivilegedUser } from './unprivileged-user.mjs';

export { findPostgresBinaries, initPostgres };

const HOST = '127.0.0.1';
// After a crash it replays up to max_wal_size (1 GB) of log first.
const READY_WITHIN_MS = 60_000;
const BACKENDS_GONE_WITHIN_MS = 10_000;
// postmaster.pid, as pg_ctl reads it: the pid is its first line, the state its eighth.
const STATE_LINE = 7;

/** Fast shutdown first (it ends connections but no transaction halfway), then immediate, as in a crash. */
/** @type {import('./server-process.mjs').StopSignals} */
const STOP_SIGNALS = [
  ['SIGINT', 20_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
];

const DEFAULT_SETTINGS = {
  listen_addresses: HOST,
  // A socket's path may have 107 bytes, which a checkout easily exceeds.
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements and the details of errors hold what users wrote.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/**
 * Starts Postgres on its own data folder, which `initPostgres` makes if it is missing. A server that is still running
 * on that folder is stopped first. May be called again with the same folder and port after stop() and after a crash.
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number | undefined} [options.port] a free one by default
 * @param {string} [options.database] the one that `initPostgres` made
 * @param {Record<string, string>} [options.settings] as in postgresql.conf, over the defaults
 * @returns {Promise<import('./server-process.mjs').RunningServer>}
 */
export async function startPostgres({ dataDir, port, database = DEFAULT_DATABASE, settings = {} }) {
  if (!isInitialised(dataDir)) initPostgres({ dataDir, database });
  const user = unprivilegedUser();
  const folder = realpathSync(dataDir);
  await stopLeftoverPostgres(folder);
  await clearPidFile(folder);
  handOver(folder, user);
  chmodSync(folder, 0o700);

  const usedPort = port ?? (await freePort());
  const all = { ...DEFAULT_SETTINGS, port: String(usedPort), ...settings };
  const server = await startServer({
    name: 'Postgres',
    command: requireBinaries().postgres,
    args: [
      '-D',
      folder,
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    marker: markerOf(folder),
    logFile: join(folder, 'postgres.log'),
    user,
    isReady: (pid) => isReady(folder, pid),
    readyWithinMs: READY_WITHIN_MS,
    stopSignals: STOP_SIGNALS,
  });
  const url = `postgresql://${ROLE}:${passwordOf(folder)}@${HOST}:${usedPort}/${database}`;
  return { ...server, host: HOST, port: usedPort, url };
}

/** Stops a Postgres that still runs on the folder though its launcher was killed. @param {string} dataDir */
export async function stopLeftoverPostgres(dataDir) {
  if (!isInitialised(dataDir)) return;
  const folder = realpathSync(dataDir);
  await stopLeftover(readPid(pidFileOf(folder)), markerOf(folder), STOP_SIGNALS);
}

/** @param {string} folder */
function markerOf(folder) {
  return `-D ${folder} `;
}

/** @param {string} folder */
function pidFileOf(folder) {
  return join(folder, 'postmaster.pid');
}

/**
 * After a crash Postgres refuses to start while any process has the pid that its last postmaster had, be it a zombie
 * that nobody reaps or a stranger. No postmaster runs here now: once its orphans are gone too, the file may go.
 * @param {string} folder
 */
async function clearPidFile(folder) {
  if (readPid(pidFileOf(folder)) === undefined) return;
  if (!(await comesTrue(() => !isWorkedIn(folder), BACKENDS_GONE_WITHIN_MS))) {
    throw new ServerError(`Processes of an earlier Postgres still work in ${folder}.`);
  }
  rmSync(pidFileOf(folder));
}

/** @param {string} folder @param {number} pid */
function isReady(folder, pid) {
  try {
    const lines = readFileSync(pidFileOf(folder), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[STATE_LINE]?.trim() === 'ready';
  } catch {
    return false;
  }
}
