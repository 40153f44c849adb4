import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, readPid, stopLeftover } from './server-process.mjs';

const POLL_MS = 50;
const PROBE_TIMEOUT_MS = 1_000;
// On top of the time that the service grants itself.
const STOP_MARGIN_MS = 5_000;
const KILLED_WITHIN_MS = 5_000;

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Exit
 *
 * @typedef {object} Service
 * @property {Promise<Exit>} exited
 * @property {(insisted: AbortSignal) => Promise<Exit>} stop SIGTERM, and SIGKILL when the grace time is over or the
 *   user insists
 *
 * @typedef {object} ServiceOptions
 * @property {string} main the compiled entry file, absolute: a leftover is known by it
 * @property {string} pidFile
 * @property {number} graceMs
 */

/**
 * Starts the built service. Like the servers it gets a session of its own, so that Ctrl-C reaches it once, from us.
 * @param {ServiceOptions & { cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Service}
 */
export function startService({ main, pidFile, graceMs, cwd, env }) {
  // A terminal is not handed on: once it is closed, every write to it fails with EIO, which pino retries for ever as it
  // ends, so that the service would have to be killed.
  const output = process.stdout.isTTY || process.stderr.isTTY ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, [main], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', output, output],
  });
  child.stdout?.on('data', (chunk) => process.stdout.write(chunk));
  child.stderr?.on('data', (chunk) => process.stderr.write(chunk));
  if (child.pid) writeFileSync(pidFile, String(child.pid));
  /** @type {Promise<Exit>} */
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      rmSync(pidFile, { force: true });
      resolve({ code, signal });
    });
  });
  const stop = async (/** @type {AbortSignal} */ insisted) => {
    child.kill('SIGTERM');
    const kill = () => child.kill('SIGKILL');
    const timer = setTimeout(kill, graceMs + STOP_MARGIN_MS);
    insisted.addEventListener('abort', kill);
    return exited.finally(() => clearTimeout(timer));
  };
  return { exited, stop };
}

/** Whether a service still runs though its launcher was killed. @param {ServiceOptions} options */
export function isServiceLeft({ main, pidFile }) {
  return isRunning(readPid(pidFile), main);
}

/** Stops such a service, with the time to finish its turns. @param {ServiceOptions} options */
export async function stopLeftoverService({ main, pidFile, graceMs }) {
  await stopLeftover(readPid(pidFile), main, [
    ['SIGTERM', graceMs + STOP_MARGIN_MS],
    ['SIGKILL', KILLED_WITHIN_MS],
  ]);
  rmSync(pidFile, { force: true });
}

/**
 * Resolves when the service answers; rejects with an AbortError when the signal comes first.
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function untilLive(url, signal) {
  while (!(await isLive(url))) await sleep(POLL_MS, undefined, { signal });
}

/** @param {string} url @returns {Promise<boolean>} */
function isLive(url) {
  return new Promise((resolve) => {
    // No agent: a connection kept alive would have to be waited for at the shutdown.
    const request = get(`${url}/health/live`, { agent: false, timeout: PROBE_TIMEOUT_MS });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
  });
}
