import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// Not by name: an older Node would fail on the import before it can be told that it is too old.
import util from 'node:util';
import { PROJECT_FOLDER } from '../servers/machine-folder.mjs';
import { SetupError } from './messages.mjs';

const HIGHEST_PORT = 65_535;
const EVERYWHERE = ['0.0.0.0', '::'];

/** @typedef {(name: string) => string | undefined} Settings an empty value counts as not given */

/** The process environment over `.env`, as in the service. @returns {Settings} */
export function readSettings() {
  const file = readEnvFile();
  return (name) => process.env[name] || file[name] || undefined;
}

/** @returns {NodeJS.Dict<string>} */
export function readEnvFile() {
  try {
    return util.parseEnv(readFileSync(join(PROJECT_FOLDER, '.env'), 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return {};
    throw new SetupError(`.env cannot be read: ${String(error)}`);
  }
}

/**
 * Where the service listens, and where to reach it from this machine.
 * @param {Settings} settings
 */
export function serviceAddress(settings) {
  const host = settings('HOST') ?? '127.0.0.1';
  const port = Number(settings('PORT') ?? 3000);
  if (!Number.isInteger(port) || port < 1 || port > HIGHEST_PORT) {
    throw new SetupError(
      `PORT must be a number from 1 to ${HIGHEST_PORT}, not "${settings('PORT')}".`,
    );
  }
  const local = EVERYWHERE.includes(host) ? '127.0.0.1' : host;
  const url = `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
  return { host, port, url };
}

/** @typedef {'hybrid' | 'redis' | 'database' | 'client'} HistoryMode */

/** What each mode keeps its history in. @type {Record<HistoryMode, { redis: boolean, database: boolean }>} */
export const STORES = {
  hybrid: { redis: true, database: true },
  redis: { redis: true, database: false },
  database: { redis: false, database: true },
  client: { redis: false, database: false },
};

/** @param {Settings} settings @returns {HistoryMode} */
export function historyMode(settings) {
  const mode = settings('HISTORY_MODE') ?? 'hybrid';
  if (!Object.hasOwn(STORES, mode)) {
    throw new SetupError(
      `HISTORY_MODE must be one of ${Object.keys(STORES).join(', ')}, not "${mode}".`,
    );
  }
  return /** @type {HistoryMode} */ (mode);
}
