import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { stopLeftover } from '../servers/server-process.mjs';
import { takeLock } from './lock.mjs';

const KILLED_WITHIN_MS = 5_000;
const LOCK = 'run';
// Test processes that are just ending may still write there.
const REMOVE = { recursive: true, force: true, maxRetries: 10 };

/**
 * A folder for all that one run of the tests starts and writes, so that nothing of it is left, even when the tests
 * were killed: notes of the servers they start (see `noteForCleanup`), and their temporary files.
 * @param {string} dataFolder
 */
export async function openTestRun(dataFolder) {
  const runs = join(dataFolder, 'test-runs');
  makePassable(runs);
  await clearAbandoned(runs);
  const folder = mkdtempSync(join(runs, 'run-'));
  const lock = takeLock(folder, LOCK, { what: 'npm test' });
  const [servers, temporary] = [join(folder, 'servers'), join(folder, 'tmp')];
  for (const path of [folder, servers, temporary]) makePassable(path);
  return {
    environment: { OPENTA_TEST_SERVERS: servers, TMPDIR: temporary },
    close: async () => {
      await clear(folder);
      if (!lock.heldBy) lock.release();
    },
  };
}

/** Root's servers run as another account, which must get through to their data. @param {string} folder */
function makePassable(folder) {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
}

/** @param {string} runs */
async function clearAbandoned(runs) {
  for (const name of readdirSync(runs)) {
    const folder = join(runs, name);
    // Without a lock it is one that is just being made.
    if (!existsSync(join(folder, `${LOCK}.lock`))) continue;
    if (!takeLock(folder, LOCK, { what: 'npm test' }).heldBy) await clear(folder);
  }
}

/**
 * The notes go last: a clearing that is itself killed can be repeated.
 * @param {string} folder
 */
async function clear(folder) {
  const servers = join(folder, 'servers');
  for (const pid of existsSync(servers) ? readdirSync(servers) : []) {
    const marker = readFileSync(join(servers, pid), 'utf8');
    await stopLeftover(Number(pid), marker, [['SIGKILL', KILLED_WITHIN_MS]]);
  }
  rmSync(join(folder, 'tmp'), REMOVE);
  rmSync(folder, REMOVE);
}
