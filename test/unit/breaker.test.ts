import { afterEach, describe, expect, it } from 'vitest';
import { Breaker, BreakerOpen } from '../../src/breaker/breaker.js';
import { eventually } from '../support/eventually.js';

const away = new Error('the server is away');
const refused = new Error('the server refuses this');

/** A server that the test switches off and on. */
class Server {
  isUp = true;
  calls = 0;
  probes = 0;
  /** What a probe waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly changes: boolean[] = [];
  readonly breaker = new Breaker({
    name: 'the server',
    trips: (error) => error !== refused,
    probe: async () => {
      this.probes++;
      await this.gate;
      if (!this.isUp) throw away;
    },
    onChange: (open) => this.changes.push(open),
    probeIntervalMs: 1,
  });

  call(): Promise<string> {
    return this.breaker.run(async () => {
      this.calls++;
      if (!this.isUp) throw away;
      return 'served';
    });
  }
}

let server: Server;
afterEach(() => server.breaker.stop());

async function closed(): Promise<Server> {
  server = new Server();
  await server.breaker.probe();
  return server;
}

describe('a breaker', () => {
  it('lets nobody through before the first probe has gone through', async () => {
    server = new Server();
    await expect(server.call()).rejects.toThrow(BreakerOpen);
    expect(server.calls).toBe(0);
    await server.breaker.probe();
    expect(await server.call()).toBe('served');
  });

  it('opens at the first failure, and from then on fails at once', async () => {
    const { breaker } = await closed();
    server.isUp = false;
    await expect(server.call()).rejects.toThrow(away);
    expect(breaker.isOpen).toBe(true);
    await expect(server.call()).rejects.toThrow(BreakerOpen);
    await expect(server.call()).rejects.toMatchObject({ cause: away });
    expect(server.calls).toBe(1);
  });

  it('stays closed for a failure that concerns one request alone', async () => {
    const { breaker } = await closed();
    await expect(breaker.run(() => Promise.reject(refused))).rejects.toThrow(refused);
    expect(breaker.isOpen).toBe(false);
  });

  it('closes by itself once a probe has gone through, and not before', async () => {
    const { breaker } = await closed();
    let closings = 0;
    breaker.onClosed(() => closings++);
    server.isUp = false;
    await expect(server.call()).rejects.toThrow(away);
    const probesBefore = server.probes;
    await eventually(() => expect(server.probes).toBeGreaterThan(probesBefore + 3));
    expect(breaker.isOpen).toBe(true);

    server.isUp = true;
    await eventually(() => expect(breaker.isOpen).toBe(false));
    expect(await server.call()).toBe('served');
    expect(server.changes).toEqual([false, true, false]);
    expect(closings).toBe(1);
  });

  it('stays open when another failure comes in during the probe', async () => {
    const { breaker } = await closed();
    breaker.trip(away);
    let open = (): void => undefined;
    server.gate = new Promise((resolve) => (open = resolve));
    const probing = breaker.probe();
    breaker.trip(away);
    server.isUp = false;
    open();
    await probing;
    expect(breaker.isOpen).toBe(true);
    server.isUp = true;
    await eventually(() => expect(breaker.isOpen).toBe(false));
  });

  it('opens when it is asked to look, and there is no answer in time', async () => {
    const { breaker } = await closed();
    const silent = new Promise<never>(() => undefined);
    await breaker.suspect(() => silent, 5);
    expect(breaker.isOpen).toBe(true);
  });

  it('opens when it is asked to look, and the answer is a failure', async () => {
    const { breaker } = await closed();
    await breaker.suspect(() => Promise.reject(away), 60_000);
    expect(breaker.isOpen).toBe(true);
  });

  it('stays closed when there is an answer, and asks once for all who want to know', async () => {
    const { breaker } = await closed();
    let asked = 0;
    const answer = async () => void asked++;
    await Promise.all([breaker.suspect(answer, 60_000), breaker.suspect(answer, 60_000)]);
    expect({ asked, isOpen: breaker.isOpen }).toEqual({ asked: 1, isOpen: false });
  });

  it('does not keep somebody in a hurry waiting for a question that was asked with more patience', async () => {
    const { breaker } = await closed();
    let answer!: () => void;
    const slow = new Promise<void>((resolve) => (answer = resolve));
    const patient = breaker.suspect(() => slow, 60_000);
    await breaker.suspect(() => slow, 5);
    expect(breaker.isOpen).toBe(false);
    answer();
    await patient;
  });

  it('tells its listeners when the server goes away and when it is back', async () => {
    const { breaker } = await closed();
    const heard: string[] = [];
    breaker.onOpened(() => heard.push('away'));
    breaker.onClosed(() => heard.push('back'));
    breaker.trip(away);
    breaker.trip(away);
    await eventually(() => expect(heard).toEqual(['away', 'back']));
  });

  it('probes once, however many ask', async () => {
    const { breaker } = await closed();
    const before = server.probes;
    await Promise.all([breaker.probe(), breaker.probe(), breaker.probe()]);
    expect(server.probes).toBe(before + 1);
  });

  it('probes no more once it is stopped', async () => {
    const { breaker } = await closed();
    breaker.trip(away);
    breaker.stop();
    const before = server.probes;
    breaker.trip(away);
    await breaker.probe();
    expect(server.probes).toBeLessThanOrEqual(before + 1);
    expect(breaker.isOpen).toBe(true);
  });
});
