import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comesTrue, startIdentity } from '../servers/processes.mjs';
import { say, SetupError } from './messages.mjs';

const SET_UP_WITHIN_MS = 900_000;

/**
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} identity tells it from a later process with the same pid
 * @property {string} what the command, for messages
 * @property {string} [url] where its service listens
 * @property {NodeJS.Dict<string>} [environment] how to reach its stores, once they run
 */

/**
 * Takes a lock that lasts as long as this process: one left by a process that is gone does not count.
 * @param {string} folder
 * @param {string} name
 * @param {Pick<Holder, 'what' | 'url'>} about
 * @returns {{ heldBy: Holder } | { heldBy?: undefined, publish: (environment: NodeJS.Dict<string>) => void, release: () => void }}
 */
export function takeLock(folder, name, about) {
  const path = join(folder, `${name}.lock`);
  /** @type {Holder} */
  const self = { pid: process.pid, identity: startIdentity(process.pid) ?? '', ...about };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    while (!tryLink(draft, path)) {
      const holder = readHolder(path);
      if (holder && startIdentity(holder.pid) === holder.identity) return { heldBy: holder };
      removeStale(path, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const publish = (/** @type {NodeJS.Dict<string>} */ environment) => {
    writeFileSync(draft, JSON.stringify({ ...self, environment }), { mode: 0o600 });
    renameSync(draft, path);
  };
  return { publish, release: () => rmSync(path, { force: true }) };
}

/**
 * Runs the task while no other process runs one under the same lock.
 * @template T
 * @param {string} folder
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} task
 */
export async function alone(folder, name, signal, task) {
  let lock = takeLock(folder, name, { what: name });
  if (lock.heldBy)
    say(`Waiting for process ${lock.heldBy.pid}, which is preparing this checkout …`);
  await comesTrue(() => {
    if (lock.heldBy) lock = takeLock(folder, name, { what: name });
    return !lock.heldBy || signal.aborted;
  }, SET_UP_WITHIN_MS);
  signal.throwIfAborted();
  if (lock.heldBy) throw new SetupError(`Process ${lock.heldBy.pid} does not end its ${name}.`);
  try {
    return await task();
  } finally {
    lock.release();
  }
}

/** @param {string} draft @param {string} path */
function tryLink(draft, path) {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path @returns {Holder | undefined} */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Moves the stale lock away before it is removed: of two that saw it, the slower one may catch the new lock of the
 * quicker one instead, and puts it back.
 * @param {string} path
 * @param {Holder | undefined} stale
 */
function removeStale(path, stale) {
  const moved = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch {
    return;
  }
  if (readHolder(moved)?.identity !== stale?.identity) tryLink(moved, path);
  rmSync(moved, { force: true });
}
