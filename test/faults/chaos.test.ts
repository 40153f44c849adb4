import { expect, it } from 'vitest';
import { npmRun } from '../support/npm-run.js';

// The second one is encrypted.
const SEEDS = [1, 2];
const TURNS = 200;
const TALKS = 20;
// A limit on what hangs: the run itself has no other.
const WITHIN_MS = 900_000;

it.each(SEEDS)(
  'keeps every promise in a short run of random faults (seed %i), and says so',
  async (seed) => {
    const { status, output } = await npmRun(
      'chaos',
      '--seed',
      String(seed),
      '--turns',
      String(TURNS),
    );
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
