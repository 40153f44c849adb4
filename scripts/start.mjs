// npm start: everything from a fresh clone to a running service, and all of it stopped again in order.
import './setup/node-version.mjs';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT_FOLDER } from './servers/machine-folder.mjs';
import { isPortFree } from './servers/ports.mjs';
import { isServiceLeft, startService, stopLeftoverService, untilLive } from './servers/service.mjs';
import { MAIN } from './setup/build.mjs';
import { prepareCheckout } from './setup/checkout.mjs';
import { openDataFolder, shown } from './setup/data-folder.mjs';
import { exitCodeOf, runEntry } from './setup/entry.mjs';
import { readSettings, serviceAddress } from './setup/environment.mjs';
import { takeLock } from './setup/lock.mjs';
import { say, SetupError } from './setup/messages.mjs';
import { openStores } from './setup/stores.mjs';

const DEFAULT_GRACE_MS = 10_000;

/** @typedef {ReturnType<typeof serviceAddress>} Address */

await runEntry(async (stop) => {
  const settings = readSettings();
  const address = serviceAddress(settings);
  const dataFolder = openDataFolder(settings);
  const lock = takeLock(dataFolder, 'stores', { what: 'npm start', url: address.url });
  if (lock.heldBy) throw new SetupError(alreadyRunning(lock.heldBy, dataFolder));
  try {
    const graceMs = Number(settings('SHUTDOWN_GRACE_MS')) || DEFAULT_GRACE_MS;
    const service = { main: MAIN, pidFile: join(dataFolder, 'service.pid'), graceMs };
    if (isServiceLeft(service)) {
      say('Stopping the service of an earlier start that was killed …');
      await stopLeftoverService(service);
    }
    await requireFreePort(address);
    await prepareCheckout(dataFolder, stop.requested);
    const stores = await openStores(settings, dataFolder);
    try {
      const { REDIS_URL, DATABASE_URL } = process.env;
      lock.publish({ REDIS_URL, DATABASE_URL, ...stores.environment });
      stop.requested.throwIfAborted();
      const env = { ...process.env, ...stores.environment };
      const running = startService({ ...service, cwd: PROJECT_FOLDER, env });
      return await attend(running, address, () => greet(address, settings), stop);
    } finally {
      await stores.close();
    }
  } finally {
    lock.release();
  }
});

/**
 * Waits until the service ends or is told to; returns the exit code.
 * @param {import('./servers/service.mjs').Service} service
 * @param {Address} address
 * @param {() => void} greet called once it answers
 * @param {import('./setup/entry.mjs').Stop} stop
 */
async function attend(service, address, greet, stop) {
  say('Starting the service …');
  const over = new AbortController();
  const end = Promise.race([service.exited, once(stop.requested, 'abort')]);
  void end.finally(() => over.abort()).catch(() => undefined);
  await untilLive(address.url, over.signal).then(greet, () => undefined);
  await end;
  if (!stop.requested.aborted) {
    const { code, signal } = await service.exited;
    say(`The service has ended by itself (${signal ?? `exit code ${code}`}).`);
    return exitCodeOf(code, signal);
  }
  say('Stopping (Ctrl-C again: at once) …');
  const { code, signal } = await service.stop(stop.insisted);
  // A process that raises the signal again once it is done has stopped in order too.
  if (code === 0 || signal === 'SIGTERM') return 0;
  say(`The service did not end in order (${signal ?? `exit code ${code}`}).`);
  return exitCodeOf(code, signal);
}

/** @param {Address} address */
async function requireFreePort({ port, host }) {
  if (await isPortFree(port, host)) return;
  throw new SetupError(
    `Port ${port} on ${host} is taken. Choose another: PORT=${port + 1} npm start`,
  );
}

/** @param {Address} address @param {import('./setup/environment.mjs').Settings} settings */
function greet({ url }, settings) {
  const token = settings('AUTH_MODE') === 'jwt' ? ' -H "authorization: Bearer $TOKEN"' : '';
  const headers = `-H 'content-type: application/json'${token}`;
  say(`
OpenTA Conversations listens on ${url}: a chat to try it with is there, its state on ${url}/admin,
and all it can do on ${url}/docs. Ask it something:

  curl -s ${url}/chat/basic ${headers} -d '{"query":"What is machine learning?"}'
`);
}

/** @param {import('./setup/lock.mjs').Holder} holder @param {string} dataFolder */
function alreadyRunning({ pid, what, url }, dataFolder) {
  return url
    ? `Already running on ${url} (process ${pid}). Stop it with Ctrl-C in its terminal, or: kill ${pid}`
    : `"${what}" (process ${pid}) is using the data in ${shown(dataFolder)}: start again when it is done.`;
}
