import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../servers/machine-folder.mjs';
import { npm, runLogged } from './logged-command.mjs';
import { say, SetupError } from './messages.mjs';

export const MAIN = join(PROJECT_FOLDER, 'dist/src/main.js');

const SOURCE_FOLDERS = ['src', 'migrations'];
const SOURCE_FILES = ['package.json', 'package-lock.json', 'nest-cli.json'];
// Inside dist, as a build that clears dist makes it out of date.
const STAMP = join(PROJECT_FOLDER, 'dist/.built-from');

/**
 * Builds into dist, unless it was built from these very sources.
 * @param {string} logFolder
 * @param {AbortSignal} signal
 */
export async function ensureBuild(logFolder, signal) {
  const sources = fingerprint();
  if (existsSync(MAIN) && readStamp() === sources) return;
  say('Building (a few seconds, after each change of the sources) …');
  const [command, args] = npm(['run', 'build']);
  const logFile = join(logFolder, 'build.log');
  const failure = await runLogged(command, args, { logFile, cwd: PROJECT_FOLDER, signal });
  if (failure) throw new SetupError(`The build failed. ${failure}`);
  if (!existsSync(MAIN)) throw new SetupError('The build did not make dist/src/main.js.');
  writeFileSync(STAMP, sources);
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of sourceFiles())
    hash.update(`${file}\0`).update(readFileSync(join(PROJECT_FOLDER, file)));
  return hash.digest('hex');
}

function sourceFiles() {
  const top = readdirSync(PROJECT_FOLDER);
  const files = top.filter(
    (name) => SOURCE_FILES.includes(name) || /^tsconfig.*\.json$/.test(name),
  );
  for (const folder of SOURCE_FOLDERS.filter((name) => top.includes(name))) {
    const entries = readdirSync(join(PROJECT_FOLDER, folder), {
      recursive: true,
      withFileTypes: true,
    });
    files.push(...entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)));
  }
  return files.map((file) => file.replace(`${PROJECT_FOLDER}/`, '')).sort();
}

function readStamp() {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;
}
