import { afterEach, describe, expect, it } from 'vitest';
import { type Attempt, EngineHealth } from '../../../src/answer/engine-health.js';
import { eventually } from '../../support/eventually.js';

/** A server whose probes the test lets through or not. */
class Server {
  isThere = true;
  probes = 0;
  readonly changes: boolean[] = [];
  readonly health = new EngineHealth({
    probe: async () => {
      this.probes++;
      if (!this.isThere) throw new Error('away');
    },
    onChange: (open) => this.changes.push(open),
    pauseMs: 5,
  });

  fail(times: number): void {
    for (let time = 0; time < times; time++) this.health.begin().ended('server failed');
  }

  /** Waits until a question is let through. */
  async opened(): Promise<Attempt> {
    let attempt: Attempt | undefined;
    await eventually(() => (attempt = this.health.begin()));
    return attempt!;
  }
}

let server: Server;
afterEach(() => server.health.stop());

const refused = { code: 'answer_engine_failed', retryAfterSeconds: 2 };
const begin = () => server.health.begin();

describe('questions to an answer engine', () => {
  it('go through from the start, without a probe', () => {
    server = new Server();
    begin().ended('answered');
    expect(server.probes).toBe(0);
  });

  it('are refused after five failures in a row, not after fewer', () => {
    server = new Server();
    server.fail(4);
    begin().ended('answered');
    server.fail(4);
    begin().ended('none');
    server.fail(1);
    expect(begin).toThrow(expect.objectContaining(refused));
    expect(server.changes).toEqual([true]);
  });

  it('are refused as long as the server is not there', async () => {
    server = new Server();
    server.isThere = false;
    server.fail(5);
    await eventually(() => expect(server.probes).toBeGreaterThan(3));
    expect(begin).toThrow(expect.objectContaining(refused));
  });

  it('go through one at a time once it is there, and all of them after its first word', async () => {
    server = new Server();
    server.fail(5);
    const first = await server.opened();
    expect(begin).toThrow(expect.objectContaining(refused));
    first.spoke();
    begin().ended('answered');
    begin().ended('answered');
    expect(server.changes).toEqual([true, false]);
  });

  it('are refused again when the one fails', async () => {
    server = new Server();
    server.fail(5);
    (await server.opened()).ended('server failed');
    expect(begin).toThrow(expect.objectContaining(refused));
    expect(server.changes).toEqual([true, false, true]);
    (await server.opened()).ended('answered');
  });

  it('do not wait for one whom nobody wanted any more: the next one tells', async () => {
    server = new Server();
    server.fail(5);
    (await server.opened()).ended('none');
    const next = begin();
    expect(begin).toThrow(expect.objectContaining(refused));
    next.spoke();
    begin().ended('answered');
  });
});
