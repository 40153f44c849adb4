import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeStartFailure } from '../../src/start-failure.js';

const CANARY = 'canary-4711';
const PROCESS = fileURLToPath(new URL('../support/last-words.mjs', import.meta.url));

/** All that such a process writes, and how it ends. */
function endOf(what: string) {
  const ended = spawnSync(process.execPath, [PROCESS, what, CANARY], { encoding: 'utf8' });
  const { status, stdout, stderr } = ended;
  return { status, stderr, lines: stdout.trim().split('\n'), all: stdout + stderr };
}

describe('a process', () => {
  it.each(['exception', 'rejection'])(
    'that ends by an %s says where, and nothing of what',
    (what) => {
      const { status, lines, stderr, all } = endOf(what);
      expect({ status, stderr, lines: lines.length }).toEqual({ status: 1, stderr: '', lines: 1 });
      expect(JSON.parse(lines[0]!)).toMatchObject({
        level: 60,
        msg: 'an error was not caught',
        error: 'Error',
        at: expect.arrayContaining([expect.stringContaining('last-words.mjs')]),
      });
      expect(all).not.toContain(CANARY);
    },
  );

  it('that ends by something that is no error says so much', () => {
    const { status, lines, all } = endOf('nothing');
    expect(status).toBe(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 60, msg: 'an error was not caught' });
    expect(all).not.toContain(CANARY);
  });

  it('that is warned by Node names the warning in its log', () => {
    const { status, lines, stderr, all } = endOf('warning');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(lines[0]!)).toMatchObject({ error: 'DeprecationWarning', code: 'DEP4711' });
    expect(all).not.toContain(CANARY);
  });
});

describe('a start that fails', () => {
  it.each([
    [Object.assign(new Error(`listen ${CANARY}`), { code: 'EADDRINUSE' }), /^PORT: /],
    [Object.assign(new Error(`getaddrinfo ${CANARY}`), { code: 'ENOTFOUND' }), /^HOST: /],
    [Object.assign(new Error(CANARY), { code: '28P01', detail: CANARY }), /^DATABASE_URL: .*28P01/],
    [Object.assign(new TypeError(CANARY), { code: 'ERR_INVALID_URL', input: CANARY }), /TypeError/],
    [new Error(`postgresql://user:${CANARY}@host`), /^the service could not start: Error\n {4}at /],
    [CANARY, /^the service could not start$/],
  ])('is described without addresses and passwords', (error, description) => {
    expect(describeStartFailure(error)).toMatch(description);
    expect(describeStartFailure(error)).not.toContain(CANARY);
  });
});
