import { spawn } from 'node:child_process';
import { exitCodeOf } from './entry.mjs';

/**
 * Runs a Node program on this terminal; returns its exit code.
 * Ctrl-C in a terminal reaches it directly; a SIGTERM to us is passed on.
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @param {import('./entry.mjs').Stop} stop
 * @returns {Promise<number>}
 */
export function runForeground(args, options, stop) {
  stop.requested.throwIfAborted();
  const child = spawn(process.execPath, args, { ...options, stdio: 'inherit' });
  stop.requested.addEventListener('abort', () => child.kill('SIGTERM'));
  stop.insisted.addEventListener('abort', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}
