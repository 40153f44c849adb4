import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { createAnew } from '../servers/server-process.mjs';

const EXCERPT_LINES = 12;

/**
 * Runs a command with its output in a log file; returns what to show when it failed, undefined when it did not.
 * @param {string} command
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.logFile
 * @param {NodeJS.Dict<string>} [options.env] on top of the process environment
 * @param {string} [options.cwd]
 * @param {AbortSignal} [options.signal] ends the command early
 * @param {boolean} [options.detached] out of reach of Ctrl-C, for what must not stop halfway
 * @returns {Promise<string | undefined>}
 */
export async function runLogged(command, args, options) {
  const { logFile, env, cwd, signal, detached = false } = options;
  signal?.throwIfAborted();
  const log = createAnew(logFile);
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
    detached,
    ...(cwd ? { cwd } : {}),
    ...(signal ? { signal } : {}),
  });
  closeSync(log);
  const [code] = await once(child, 'close');
  signal?.throwIfAborted();
  return code === 0 ? undefined : `From ${logFile}:\n${excerptOf(logFile)}`;
}

/** Its beginning and end: compilers and apt-get say the reason last, npm first. @param {string} logFile */
function excerptOf(logFile) {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  if (lines.length <= 2 * EXCERPT_LINES) return lines.join('\n');
  return [...lines.slice(0, EXCERPT_LINES), '…', ...lines.slice(-EXCERPT_LINES)].join('\n');
}

/** The npm that runs this, else the one in the PATH. @param {string[]} args @returns {[string, string[]]} */
export function npm(args) {
  const running = process.env['npm_execpath'];
  return running?.endsWith('npm-cli.js') ? [process.execPath, [running, ...args]] : ['npm', args];
}
