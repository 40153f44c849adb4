import { expect, it } from 'vitest';
import { npmRun } from '../support/npm-run.js';

const SEED = 6;
const REQUESTS = 4000;
// A limit on what hangs: the run itself has no other.
const WITHIN_MS = 900_000;

it(
  'answers requests that make no sense with problems, and goes on',
  async () => {
    const { status, output } = await npmRun(
      'fuzz',
      '--seed',
      String(SEED),
      '--requests',
      String(REQUESTS),
    );
    // The end says what is wrong.
    expect({ status, end: output.slice(-3000) }).toMatchObject({ status: 0 });
    const verdict =
      /^fuzz seed 6: (\d+) requests, 0 5xx, \d+ 503 [a-z ]+, 0 crashes, 0 findings, RSS .*$/m.exec(
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
