import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;

/**
 * The command line of a running process, arguments separated by spaces; undefined when it is gone or a zombie.
 * @param {number} pid
 */
export function commandLine(pid) {
  try {
    const line =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        : ps(['-ww', '-o', 'args=', '-p', String(pid)]);
    return line.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tells a process from a later one with the same pid: changes with each start of a process and of the machine.
 * Undefined when there is no such process.
 * @param {number} pid
 */
export function startIdentity(pid) {
  if (!commandLine(pid)) return undefined;
  try {
    if (process.platform !== 'linux') return ps(['-o', 'lstart=', '-p', String(pid)]).trim();
    // proc(5): the name may hold spaces and brackets; after it, the start time is the 20th field.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${afterName.split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

/**
 * Signals a process with all its descendants, as a power cut would: a postmaster's children are in sessions of their own.
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
export function signalTree(pid, signal) {
  // Stopped first, so that it starts no child between the listing and the signal.
  if (signal === 'SIGKILL') send(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signalTree(child, signal);
  send(pid, signal);
}

/** @param {number} pid @param {NodeJS.Signals} signal */
export function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * Whether any process works in the folder. Linux only: elsewhere always false.
 * @param {string} folder
 */
export function isWorkedIn(folder) {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc').some((entry) => {
    try {
      return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

/**
 * Polls until the condition holds; false when the time is over first.
 * @param {() => boolean | Promise<boolean>} condition
 * @param {number} withinMs
 */
export async function comesTrue(condition, withinMs) {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Sends each signal in turn until the process is gone, granting each its time.
 * @param {number} pid
 * @param {() => boolean} isGone
 * @param {ReadonlyArray<readonly [NodeJS.Signals, number]>} signalsAndGraceMs
 */
export async function stopProcess(pid, isGone, signalsAndGraceMs) {
  // A frozen process hears nothing but SIGKILL.
  if (!isGone()) signalTree(pid, 'SIGCONT');
  for (const [signal, graceMs] of signalsAndGraceMs) {
    if (isGone()) return;
    if (signal === 'SIGKILL') signalTree(pid, signal);
    else send(pid, signal);
    if (await comesTrue(isGone, graceMs)) return;
  }
  throw new Error(`Process ${pid} does not stop.`);
}

/** @param {number} pid @returns {number[]} */
function childrenOf(pid) {
  try {
    return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  } catch {
    if (process.platform === 'linux') return [];
  }
  const table = ps(['-A', '-o', 'ppid=,pid=']).split('\n').map(numbers);
  return table.flatMap(([parent, child]) => (parent === pid && child !== undefined ? [child] : []));
}

/** @param {string} text */
function numbers(text) {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

/** @param {string[]} args */
function ps(args) {
  return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
