import { constants } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { ServerError } from '../servers/server-process.mjs';
import { SetupError } from './messages.mjs';

const SIGNALLED = 128;
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// npm passes on the SIGINT that the terminal has sent to all already: within this time it is the same keypress.
const SAME_KEYPRESS_MS = 1_000;

/** @typedef {{ requested: AbortSignal, insisted: AbortSignal }} Stop insisted: asked again, out of patience */

/**
 * Runs a command of this folder to its exit code. Ctrl-C, SIGTERM and a closed terminal do not end the process: they
 * are handed over as abort signals, so that everything that was started is stopped in order.
 * @param {(stop: Stop) => Promise<number>} command
 */
export async function runEntry(command) {
  // apt-get and npm rely on a PATH, which cron and bare containers leave short or out.
  const path = [process.env['PATH'], dirname(process.execPath), USUAL_PATH];
  process.env['PATH'] = path.filter(Boolean).join(delimiter);
  // What root installs must be readable for the servers' account.
  if (process.getuid?.() === 0) process.umask(0o022);
  // A terminal that is gone takes no more lines, which must not keep us from stopping in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const requested = new AbortController();
  const insisted = new AbortController();
  let requestedAtMs = 0;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (!requested.signal.aborted) {
        requestedAtMs = performance.now();
        requested.abort();
      } else if (performance.now() - requestedAtMs > SAME_KEYPRESS_MS) insisted.abort();
    });
  }
  try {
    process.exit(await command({ requested: requested.signal, insisted: insisted.signal }));
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') process.exit(0);
    console.error(
      error instanceof SetupError || error instanceof ServerError ? error.message : error,
    );
    process.exit(1);
  }
}

/** As a shell reports it. @param {number | null} code @param {NodeJS.Signals | null} signal */
export function exitCodeOf(code, signal) {
  return code ?? SIGNALLED + (signal ? constants.signals[signal] : 0);
}
