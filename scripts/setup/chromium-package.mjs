import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PROJECT_FOLDER } from '../servers/machine-folder.mjs';
import { installPackage } from './debian-package.mjs';

const CHROMIUM = { name: 'Chromium', package: 'chromium', takes: 'a minute' };
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const USUAL_FILES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const BROWSER_TESTS = 'test/browser';

/** What to do where there is none. */
export const HOW_TO_GET_CHROMIUM = `The tests of the pages need Chromium or Chrome, and none is installed:
  macOS:           brew install --cask chromium
  Debian, Ubuntu:  sudo apt-get install chromium`;

/** The path of a Chromium or Chrome; undefined when there is none. */
export function findChromium() {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...USUAL_FOLDERS];
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...files, ...USUAL_FILES].find((file) => existsSync(file));
}

/**
 * Sees to it that a Chromium is installed, where that needs no password. Without one, the tests that need it fail, and
 * the others run.
 * @param {string} logFolder
 */
export async function ensureChromium(logFolder) {
  if (!findChromium()) await installPackage(CHROMIUM, logFolder);
}

/** Whether these arguments of `npm test` name a test that opens a page. @param {readonly string[]} args */
export function openPages(args) {
  const filters = args.filter((arg) => !arg.startsWith('-'));
  const files = readdirSync(join(PROJECT_FOLDER, BROWSER_TESTS));
  return (
    filters.length === 0 ||
    files.some((file) => filters.some((filter) => `${BROWSER_TESTS}/${file}`.includes(filter)))
  );
}
