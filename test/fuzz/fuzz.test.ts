import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const SEED = 1;
const REQUESTS = 2000;
// A limit on what hangs: the run itself has no other.
const WITHIN_MS = 900_000;

let end = (): void => undefined;
// As Ctrl-C does, so that it stops its servers.
afterAll(() => end());

/** As a user runs it. */
function fuzz(): Promise<{ status: number | null; output: string }> {
  const args = ['run', 'fuzz', '--', '--seed', String(SEED), '--requests', String(REQUESTS)];
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

it(
  'answers requests that make no sense with problems, and goes on',
  async () => {
    const { status, output } = await fuzz();
    // The end says what is wrong.
    expect({ status, end: output.slice(-3000) }).toMatchObject({ status: 0 });
    const verdict =
      /^fuzz seed 1: (\d+) requests, 0 5xx, \d+ 503 [a-z ]+, 0 crashes, 0 findings, RSS .*$/m.exec(
        output,
      );
    expect(verdict).not.toBeNull();
    console.log(verdict![0]);
    expect(Number(verdict![1])).toBeGreaterThanOrEqual(REQUESTS);
    const replies = /^replies: (.*)$/m.exec(output)![1]!;
    // It got through to what it is about, and not to one answer alone.
    for (const each of [200, 204, 400, 401, 404, 413, 431]) expect(replies).toMatch(`${each} `);
  },
  WITHIN_MS,
);
