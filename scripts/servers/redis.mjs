import { chmodSync, closeSync, existsSync, mkdirSync, realpathSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { findRedisBinary, SERVER_NAME } from './redis-binary.mjs';
import { createAnew, readPid, ServerError, startServer, stopLeftover } from './server-process.mjs';
import { handOver, unprivilegedUser } from './unprivileged-user.mjs';

export { findRedisBinary };

const HOST = '127.0.0.1';
// Loading a large append-only file takes its time: about 1 GB in 10 s.
const READY_WITHIN_MS = 60_000;
const CONFIG_FILE = 'redis.conf';
const PID_FILE = 'redis.pid';
const PROBE_TIMEOUT_MS = 1_000;

/** @type {import('./server-process.mjs').StopSignals} */
const STOP_SIGNALS = [
  ['SIGTERM', 10_000],
  ['SIGKILL', 5_000],
];

const DEFAULT_SETTINGS = {
  appendonly: 'yes',
  appendfsync: 'everysec',
  // No snapshots beside the append-only file: they would keep nothing more, and one that fails makes every write fail.
  save: '""',
  // What is not yet in the archive has no TTL, so it is never evicted; clean sessions are.
  'maxmemory-policy': 'volatile-lru',
};

/**
 * Starts Redis on its own data folder, which is made if missing. A server that is still running on that folder is
 * stopped first. May be called again with the same folder and port after stop() and after a crash.
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number | undefined} [options.port] a free one by default
 * @param {string | undefined} [options.password]
 * @param {Record<string, string>} [options.settings] as in redis.conf, over the defaults
 * @returns {Promise<import('./server-process.mjs').RunningServer>}
 */
export async function startRedis({ dataDir, port, password, settings = {} }) {
  const command = findRedisBinary();
  if (!command) throw new ServerError('No redis-server of version 7 or later is installed.');
  const user = unprivilegedUser();
  mkdirSync(dataDir, { recursive: true });
  const folder = realpathSync(dataDir);
  const config = join(folder, CONFIG_FILE);
  await stopLeftoverRedis(folder);

  const usedPort = port ?? (await freePort());
  const all = {
    bind: HOST,
    port: String(usedPort),
    'protected-mode': 'yes',
    dir: quoted(folder),
    pidfile: quoted(join(folder, PID_FILE)),
    // Keeps the path of the configuration in the command line, by which a leftover is known.
    'set-proc-title': 'no',
    ...DEFAULT_SETTINGS,
    ...(password ? { requirepass: quoted(password) } : {}),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
  const file = createAnew(config);
  writeSync(file, lines.join(''));
  closeSync(file);
  handOver(folder, user);
  chmodSync(folder, 0o700);

  const server = await startServer({
    name: 'Redis',
    command,
    argv0: SERVER_NAME,
    args: [config],
    marker: config,
    logFile: join(folder, 'redis.log'),
    user,
    isReady: (pid) => answers(usedPort, pid, password),
    readyWithinMs: READY_WITHIN_MS,
    stopSignals: STOP_SIGNALS,
  });
  const secret = password ? `:${encodeURIComponent(password)}@` : '';
  return { ...server, host: HOST, port: usedPort, url: `redis://${secret}${HOST}:${usedPort}/0` };
}

/** Stops a Redis that still runs on the folder though its launcher was killed. @param {string} dataDir */
export async function stopLeftoverRedis(dataDir) {
  if (!existsSync(dataDir)) return;
  const folder = realpathSync(dataDir);
  await stopLeftover(readPid(join(folder, PID_FILE)), join(folder, CONFIG_FILE), STOP_SIGNALS);
}

/**
 * Whether this very process answers on the port and has loaded its data (PING fails while it loads).
 * @param {number} port
 * @param {number} pid
 * @param {string | undefined} password
 * @returns {Promise<boolean>}
 */
function answers(port, pid, password) {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ port, host: HOST });
    socket.setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => resolve(false));
    socket.on('connect', () => {
      const login = password ? `AUTH ${quoted(password)}\r\n` : '';
      socket.write(`${login}INFO server\r\nPING\r\n`);
    });
    socket.on('data', (data) => {
      reply += data.toString();
      if (!/\+PONG|-LOADING|-NOAUTH/.test(reply)) return;
      resolve(reply.includes('+PONG') && new RegExp(`^process_id:${pid}\\r$`, 'm').test(reply));
      socket.destroy();
    });
  });
}

/** As redis.conf and inline commands read any text. @param {string} text */
function quoted(text) {
  const escape = (/** @type {number} */ byte) => `\\x${byte.toString(16).padStart(2, '0')}`;
  return `"${[...Buffer.from(text)].map(escape).join('')}"`;
}
