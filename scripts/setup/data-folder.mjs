import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { MACHINE_FOLDER, PROJECT_FOLDER } from '../servers/machine-folder.mjs';
import { canWrite, handOver, unprivilegedUser } from '../servers/unprivileged-user.mjs';
import { SetupError } from './messages.mjs';

/**
 * The folder of everything that lives as long as the data: made if missing, and proven fit for the servers' account.
 * `OPENTA_DATA_DIR`, else `.data` in the checkout; where the servers' account cannot reach that (root has the checkout
 * in its home), a folder in /var/lib.
 * @param {import('./environment.mjs').Settings} settings
 */
export function openDataFolder(settings) {
  const given = settings('OPENTA_DATA_DIR');
  const usual = [join(PROJECT_FOLDER, '.data'), ...(unprivilegedUser() ? [MACHINE_FOLDER] : [])];
  const folders = given ? [resolve(PROJECT_FOLDER, given)] : usual;
  // Where data is already, it stays, also when another folder has become reachable since.
  const oldFirst = [...folders.filter(isUsed), ...folders.filter((folder) => !isUsed(folder))];
  const folder = oldFirst.find(isUsable);
  if (folder) return folder;
  const user = unprivilegedUser();
  const who = user ? `The account ${user.name}, as which the databases run,` : 'This account';
  throw new SetupError(
    `${who} cannot write to ${folders.at(-1)}. Set OPENTA_DATA_DIR to a folder where it can.`,
  );
}

/** For messages: relative where that is shorter. @param {string} path */
export function shown(path) {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere;
}

/** @param {string} folder */
function isUsed(folder) {
  return existsSync(join(folder, 'ports.json'));
}

/** @param {string} folder */
function isUsable(folder) {
  const user = unprivilegedUser();
  const isNew = !existsSync(folder);
  try {
    mkdirSync(folder, { recursive: true });
    // Others may pass through to what is theirs, and see nothing.
    if (isNew) chmodSync(folder, user ? 0o711 : 0o700);
    const probe = mkdtempSync(join(folder, 'probe-'));
    try {
      handOver(probe, user);
      if (canWrite(probe, user)) return true;
    } finally {
      rmSync(probe, { recursive: true });
    }
  } catch {
    // Not to be made or written here: as unusable as one that the servers cannot reach.
  }
  if (isNew) rmSync(folder, { recursive: true, force: true });
  return false;
}
