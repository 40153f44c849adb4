import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comesTrue, commandLine, signalTree, stopProcess } from './processes.mjs';
import { identityOf } from './unprivileged-user.mjs';

const LOG_TAIL_LINES = 20;

/** A server that cannot be had; the message says why, to whoever set the machine up. */
export class ServerError extends Error {}

/**
 * @typedef {object} RunningServer
 * @property {string} url with the password, where there is one
 * @property {string} host
 * @property {number} port
 * @property {number} pid
 * @property {() => Promise<void>} stop ends it gracefully; resolves when it is gone
 * @property {(signal: NodeJS.Signals) => void} kill signals it with its child processes, as a crash or a freeze would
 * @property {Promise<void>} exited resolves when it is gone, for whatever reason; never rejects
 *
 * @typedef {object} ServerCommand
 * @property {string} name for messages
 * @property {string} command
 * @property {string} [argv0]
 * @property {string[]} args
 * @property {string} marker what stands in the command line of this server on this data folder, and of no other process
 * @property {string} logFile
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('./unprivileged-user.mjs').User | undefined} user
 * @property {(pid: number) => boolean | Promise<boolean>} isReady
 * @property {number} readyWithinMs
 * @property {StopSignals} stopSignals
 *
 * @typedef {ReadonlyArray<readonly [NodeJS.Signals, number]>} StopSignals each with the time it is given, in ms
 */

/**
 * Starts a server and waits until it is ready.
 * It gets a session of its own: Ctrl-C in a terminal does not reach it, so it outlives whoever still writes to it. It
 * also outlives a killed parent; `stopLeftover` finds it again.
 * @param {ServerCommand} server
 */
export async function startServer(server) {
  const { command, argv0, args, user, logFile, env, marker } = server;
  const log = createAnew(logFile);
  const child = spawn(command, args, {
    ...(argv0 ? { argv0 } : {}),
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC', ...env },
    ...identityOf(user),
  });
  closeSync(log);
  let isGone = false;
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => {
    const gone = () => {
      isGone = true;
      resolve();
    };
    child.once('exit', gone).once('error', gone);
  });
  const { pid } = child;
  if (pid === undefined) throw new ServerError(`${server.name} cannot be run: ${command}`);
  noteForCleanup(pid, marker, exited);

  const stop = () => stopProcess(pid, () => isGone, server.stopSignals);
  const isSettled = async () => isGone || (await server.isReady(pid));
  const inTime = await comesTrue(isSettled, server.readyWithinMs);
  if (isGone || !inTime) {
    await stop();
    throw new ServerError(
      `${server.name} did not start. The end of ${logFile}:\n${tailOf(logFile)}`,
    );
  }
  const kill = (/** @type {NodeJS.Signals} */ signal) => {
    if (!isGone) signalTree(pid, signal);
  };
  return { pid, exited, stop, kill };
}

/**
 * Stops what an earlier, killed parent left running. The command line is checked, so that a process that merely got
 * the same pid is never touched.
 * @param {number | undefined} pid
 * @param {string} marker
 * @param {StopSignals} stopSignals
 */
export async function stopLeftover(pid, marker, stopSignals) {
  if (pid === undefined || !isRunning(pid, marker)) return;
  await stopProcess(pid, () => !isRunning(pid, marker), stopSignals);
}

/**
 * Opens an empty file for writing. An old one is removed, not opened: its folder belongs to the servers' account, which
 * could have put a link there for root to follow.
 * @param {string} path
 */
export function createAnew(path) {
  rmSync(path, { force: true });
  return openSync(path, 'wx', 0o600);
}

/** @param {number | undefined} pid @param {string} marker */
export function isRunning(pid, marker) {
  return pid !== undefined && commandLine(pid)?.includes(marker) === true;
}

/** The first line of a pid file as a number. @param {string} path */
export function readPid(path) {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} logFile @param {number} [lines] */
export function tailOf(logFile, lines = LOG_TAIL_LINES) {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/**
 * Notes a process of a test run, for `npm test` to stop what a killed test left behind.
 * @param {number} pid
 * @param {string} marker stands in its command line
 * @param {Promise<unknown>} exited
 */
export function noteForCleanup(pid, marker, exited) {
  const folder = process.env['OPENTA_TEST_SERVERS'];
  if (!folder) return;
  const note = join(folder, String(pid));
  writeFileSync(note, marker);
  void exited.then(() => rmSync(note, { force: true }));
}
