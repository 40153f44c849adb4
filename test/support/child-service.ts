import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { freePort } from '../../scripts/servers/ports.mjs';
import { noteForCleanup } from '../../scripts/servers/server-process.mjs';
import { untilLive } from '../../scripts/servers/service.mjs';

const FROM_SOURCES = fileURLToPath(new URL('run-service.mjs', import.meta.url));
const LIVE_WITHIN_MS = 60_000;

export interface ChildService {
  readonly url: string;
  readonly pid: number;
  /** All that the process wrote so far, to both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once the process is gone. */
  readonly exited: Promise<number | null>;
}

// Registered here, as a hook that is registered inside a test never runs: for those that a test starts.
const running = new Map<number, () => Promise<unknown>>();
afterAll(() => Promise.all([...running.values()].map((end) => end())));

/** The service as main.ts runs it, in a process of its own; killed when the test file has ended. */
export async function startChildService(
  variables: Record<string, string>,
  main = FROM_SOURCES,
): Promise<ChildService> {
  const child = await spawnChildService(variables, main);
  const gone = child.exited.then((code) => {
    throw new Error(`the service ended with ${code}:\n${child.output()}`);
  });
  await Promise.race([untilLive(child.url, AbortSignal.timeout(LIVE_WITHIN_MS)), gone]);
  gone.catch(() => undefined);
  return child;
}

/** The same without waiting until it listens: it may never. */
export async function spawnChildService(
  variables: Record<string, string>,
  main = FROM_SOURCES,
): Promise<ChildService> {
  const port = await freePort();
  const { PATH, TMPDIR } = process.env;
  const child = spawn(process.execPath, [main], {
    env: {
      ...(PATH && { PATH }),
      ...(TMPDIR && { TMPDIR }),
      CHAT_RATE_LIMIT: '0',
      ...variables,
      PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code));
  });
  noteForCleanup(child.pid!, main, exited);
  const end = () => {
    child.kill('SIGKILL');
    return exited;
  };
  running.set(child.pid!, end);
  // And these end before the stores that they use.
  afterAll(end);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    output: () => chunks.join(''),
    kill: (signal) => child.kill(signal),
    exited,
  };
}
