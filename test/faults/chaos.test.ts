import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
// The second one is encrypted.
const SEEDS = [1, 2];
const TURNS = 200;
const TALKS = 20;
// A limit on what hangs: the run itself has no other.
const WITHIN_MS = 900_000;

let end = (): void => undefined;
// As Ctrl-C does, so that it stops its servers.
afterAll(() => end());

/** As a user runs it. */
function chaos(seed: number): Promise<{ status: number | null; output: string }> {
  const args = ['run', 'chaos', '--', '--seed', String(seed), '--turns', String(TURNS)];
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

it.each(SEEDS)(
  'keeps every promise in a short run of random faults (seed %i), and says so',
  async (seed) => {
    const { status, output } = await chaos(seed);
    expect({ status, output }).toMatchObject({ status: 0 });
    const lines = output.trimEnd().split('\n');
    console.log(lines.slice(-2).join('\n'));
    expect(lines.some((line) => line.includes(', encrypted'))).toBe(seed % 2 === 0);
    const verdict =
      /^chaos seed \d: (\d+) acknowledged, lost 0, doubled 0, reordered 0, \d+ accepted turns went with Redis$/.exec(
        lines.at(-1)!,
      );
    expect({ last: lines.at(-1), verdict }).not.toMatchObject({ verdict: null });
    expect(Number(verdict![1])).toBeGreaterThan(0);
    // And those that were under way when the last one was counted.
    expect(Number(verdict![1])).toBeLessThanOrEqual(TURNS + TALKS);
    const progress = lines.filter((line) =>
      /^\d+ s: \d+ of 200 turns, \d+ acknowledged/.test(line),
    );
    expect(progress.length).toBeGreaterThan(0);
  },
  WITHIN_MS,
);
