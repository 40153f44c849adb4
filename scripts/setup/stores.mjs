import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isPortFree } from '../servers/ports.mjs';
import { requireBinaries } from '../servers/postgres-data.mjs';
import { startPostgres, stopLeftoverPostgres } from '../servers/postgres.mjs';
import { startRedis, stopLeftoverRedis } from '../servers/redis.mjs';
import { shown } from './data-folder.mjs';
import { historyMode, STORES } from './environment.mjs';
import { say, SetupError } from './messages.mjs';
import { ensureRedis } from './redis-package.mjs';

const PASSWORD_BYTES = 24;

/** @typedef {import('../servers/server-process.mjs').RunningServer} RunningServer */
/** @typedef {{ Redis?: RunningServer, Postgres?: RunningServer }} OwnServers */

/**
 * The stores that the history mode needs: what the user names is used as it is; for the rest private servers are
 * started, which keep their data in the data folder.
 * @param {import('./environment.mjs').Settings} settings
 * @param {string} dataFolder
 * @returns {Promise<{ environment: NodeJS.Dict<string>, close: () => Promise<void> }>} what the service must be told
 *   beyond the settings, and the end of the private servers
 */
export async function openStores(settings, dataFolder) {
  const mode = await possibleMode(settings, dataFolder);
  const servers = await startOwn(
    {
      Redis: STORES[mode].redis && !settings('REDIS_URL'),
      Postgres: STORES[mode].database && !settings('DATABASE_URL'),
    },
    settings('REDIS_PASSWORD'),
    dataFolder,
  );
  let isClosing = false;
  for (const [name, server] of Object.entries(servers)) {
    void server.exited.then(() => {
      if (!isClosing) say(`${name} has stopped by itself; its log is in ${shown(dataFolder)}.`);
    });
  }
  return {
    environment: {
      ...(mode === historyMode(settings) ? {} : { HISTORY_MODE: mode }),
      ...(servers.Redis ? { REDIS_URL: servers.Redis.url } : {}),
      ...(servers.Postgres ? { DATABASE_URL: servers.Postgres.url } : {}),
    },
    close: async () => {
      isClosing = true;
      await stopAll(servers);
    },
  };
}

/**
 * Without a Redis the default mode becomes `database`; only who asked for Redis alone is let down.
 * @param {import('./environment.mjs').Settings} settings
 * @param {string} dataFolder
 */
async function possibleMode(settings, dataFolder) {
  const mode = historyMode(settings);
  if (!STORES[mode].redis || settings('REDIS_URL')) return mode;
  if (await ensureRedis(dataFolder)) return mode;
  if (mode === 'redis') {
    throw new SetupError('HISTORY_MODE=redis: install redis-server 7 or later, or set REDIS_URL.');
  }
  say('No Redis here (install redis-server, or set REDIS_URL): using HISTORY_MODE=database.');
  return 'database';
}

/**
 * @param {{ Redis: boolean, Postgres: boolean }} wanted
 * @param {string | undefined} password
 * @param {string} dataFolder
 */
async function startOwn(wanted, password, dataFolder) {
  /** @type {OwnServers} */
  const servers = {};
  const names = Object.entries(wanted).flatMap(([name, isWanted]) => (isWanted ? [name] : []));
  if (names.length === 0) return servers;
  say(`Starting ${names.join(' and ')} (data in ${shown(dataFolder)}) …`);
  const redisFolder = join(dataFolder, 'redis');
  const postgresFolder = join(dataFolder, `postgres-${wanted.Postgres && requireBinaries().major}`);
  // Before the ports are looked at: leftovers sit on them.
  if (wanted.Redis) await stopLeftoverRedis(redisFolder);
  if (wanted.Postgres) await stopLeftoverPostgres(postgresFolder);
  const ports = await keptPorts(dataFolder);
  const startOwnRedis = async () => {
    servers.Redis = await startRedis({
      dataDir: redisFolder,
      port: ports.redis,
      password: password ?? randomBytes(PASSWORD_BYTES).toString('hex'),
    });
  };
  const startOwnPostgres = async () => {
    servers.Postgres = await startPostgres({ dataDir: postgresFolder, port: ports.postgres });
  };
  const starts = [
    ...(wanted.Redis ? [startOwnRedis()] : []),
    ...(wanted.Postgres ? [startOwnPostgres()] : []),
  ];
  const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected');
  if (!failed) return servers;
  await stopAll(servers);
  throw /** @type {PromiseRejectedResult} */ (failed).reason;
}

/** @param {OwnServers} servers */
async function stopAll(servers) {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
}

/**
 * The ports of the last start where they are free, so that an address noted elsewhere stays right.
 * @param {string} dataFolder
 */
async function keptPorts(dataFolder) {
  const file = join(dataFolder, 'ports.json');
  /** @type {{ redis?: number, postgres?: number }} */
  const last = readJson(file) ?? {};
  const kept = async (/** @type {number | undefined} */ port, /** @type {number} */ taken) =>
    port && port !== taken && (await isPortFree(port)) ? port : freePort(taken);
  const redis = await kept(last.redis, 0);
  const ports = { redis, postgres: await kept(last.postgres, redis) };
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
