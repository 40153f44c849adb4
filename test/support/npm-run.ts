import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly status: number | null;
  /** All that it wrote, to both streams. */
  readonly output: string;
}

let end = (): void => undefined;
// As Ctrl-C does, so that it stops its servers.
afterAll(() => end());

/** Runs a script of package.json as a user does. */
export function npmRun(script: string, ...options: readonly string[]): Promise<Ended> {
  const args = ['run', script, '--', ...options];
  const child = spawn('npm', args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  end = () => void child.kill('SIGINT');
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output: chunks.join('') }));
  });
}
