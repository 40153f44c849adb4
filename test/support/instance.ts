import { vi } from 'vitest';
import { ensureBuild, MAIN } from '../../scripts/setup/build.mjs';
import { openDataFolder } from '../../scripts/setup/data-folder.mjs';
import { readSettings } from '../../scripts/setup/environment.mjs';
import { alone } from '../../scripts/setup/lock.mjs';
import { ADMIN_TOKEN } from './admin.js';
import { type ChildService, spawnChildService, startChildService } from './child-service.js';
import { type HttpClient, httpClient, type Reply } from './http-client.js';

// Processes take seconds to start, and many of them on a busy machine: a limit on what hangs, not on what is slow.
vi.setConfig({ testTimeout: 120_000 });

const BUILD_WITHIN_MS = 120_000;

const USUAL = {
  ADMIN_TOKEN,
  LOG_LEVEL: 'info',
  // A sweep of the schedule would do what a test wants to see done by something else.
  SYNC_INTERVAL: '43200',
};

/** One instance of the built service, in a process of its own: an unhandled rejection ends it. */
export interface Instance extends ChildService, HttpClient {
  /** A request with the admin token. */
  admin<Body = never>(method: string, path: string): Promise<Reply<Body>>;
}

/** Starts `node dist/src/main.js` and waits until it listens; killed when the test file has ended. */
export async function startInstance(variables: Record<string, string>): Promise<Instance> {
  await built();
  const child = await startChildService({ ...USUAL, ...variables }, MAIN);
  const client = httpClient(child.url, (requestId) => {
    const line = child
      .output()
      .split('\n')
      .find((each) => each.includes(`"request_id":"${requestId}"`));
    return line === undefined ? null : (JSON.parse(line) as { ms: number }).ms;
  });
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return {
    ...child,
    ...client,
    admin: (method, path) => client.request(method, path, { headers }),
  };
}

/** The same without waiting: for one that is not going to start. */
export async function spawnInstance(variables: Record<string, string>): Promise<ChildService> {
  await built();
  return spawnChildService({ ...USUAL, ...variables }, MAIN);
}

let build: Promise<void> | undefined;

/** Two builds at once would clear each other's folder; a second file finds it done. */
function built(): Promise<void> {
  const folder = openDataFolder(readSettings());
  const signal = AbortSignal.timeout(BUILD_WITHIN_MS);
  return (build ??= alone(folder, 'set-up', signal, () => ensureBuild(folder, signal)));
}
