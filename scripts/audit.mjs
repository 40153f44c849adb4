// npm run audit: fails on a known advisory against what the service runs with, unless scripts/audit/allowed.json allows
// it. What only development uses is told, and fails nothing. A registry that answers no audits is told, and passes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PROJECT_FOLDER } from './servers/machine-folder.mjs';
import { faultsOf, judge, readReport } from './audit/verdict.mjs';

const GIVEN_UP_AFTER_MS = 60_000;

/** @param {string[]} args */
function advisories(...args) {
  const options = { cwd: PROJECT_FOLDER, timeout: GIVEN_UP_AFTER_MS, maxBuffer: 64 * 1024 * 1024 };
  return readReport(String(spawnSync('npm', ['audit', '--json', ...args], options).stdout ?? ''));
}

/** @param {import('./audit/verdict.mjs').Advisory} advisory */
const describe = ({ id, module, severity, title }) => `${id} (${severity}) in ${module}: ${title}`;

const file = process.argv[2] ?? new URL('./audit/allowed.json', import.meta.url);
const allowed = JSON.parse(readFileSync(file, 'utf8'));
const faults = faultsOf(allowed);
for (const fault of faults) console.error(`the list of allowed advisories: ${fault}`);

const used = advisories('--omit=dev');
if (used === null) {
  console.log('audit: the registry answers no audits; nothing was checked');
} else {
  const { refused, unneeded } = judge(used, allowed, new Date().toISOString().slice(0, 10));
  for (const advisory of refused) console.error(`refused: ${describe(advisory)} ${advisory.url}`);
  for (const { advisory } of unneeded) console.log(`no longer needs to be allowed: ${advisory}`);
  const inUse = new Set(used.map(({ id }) => id));
  const inDevelopment = (advisories() ?? []).filter(({ id }) => !inUse.has(id));
  for (const advisory of inDevelopment) console.log(`in development only: ${describe(advisory)}`);
  console.log(`audit: ${used.length} advisories on what is in use, ${refused.length} refused`);
  if (refused.length > 0) process.exitCode = 1;
}
if (faults.length > 0) process.exitCode = 1;
