import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { askHealth } from '../support/health.js';
import type { Instance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';

const EVERY_MS = 20;
const CALLERS = 4;
const FOR_MS = 5000;
// A killed backend opens the breaker for up to half a second, and there are none to be killed meanwhile.
const LEAST_KILLS = 8;

const stage = await createPostgresStage();
const { postgres } = stage;
const service = await stage.start({ SYNC_INTERVAL: '1' });
const ledger = new Ledger();
let unheard = 0;

/** Kills all backends again and again until the work is done. @returns how many it killed. */
async function killDuring(work: (killed: () => number) => Promise<void>): Promise<number> {
  let killed = 0;
  let done = false;
  const killer = async () => {
    while (!done) {
      killed += await postgres.killBackends();
      await delay(EVERY_MS);
    }
  };
  const killing = killer();
  try {
    await work(() => killed);
  } finally {
    done = true;
    await killing;
  }
  return killed;
}

/** The same process as before: no error of a connection has ended it. */
async function isAlive(instance: Instance): Promise<void> {
  expect((await askHealth(instance, '/health/live')).status).toBe(200);
  expect(instance.output()).not.toMatch(/unhandled|uncaught/i);
}

it('loses nothing and stays alive while all its backends are killed every 20 ms', async () => {
  const begun = await beginMany(ledger, [service], 2 * CALLERS);
  const accepted = new Load(ledger, [service], begun.slice(CALLERS));
  const asked = { durability: 'committed' } as const;
  const committed = new Load(ledger, [service], begun.slice(0, CALLERS), asked);
  const killed = await killDuring(async (soFar) => {
    await stage.passes(FOR_MS);
    await eventually(() => expect(soFar()).toBeGreaterThanOrEqual(LEAST_KILLS));
    await Promise.all([accepted.stop(), committed.stop()]);
  });
  console.log(
    `${killed} backends killed: ${ledger.acknowledged.length} turns acknowledged, ` +
      `${accepted.unheard} accepted and ${committed.unheard} committed ones refused`,
  );
  unheard = accepted.unheard + committed.unheard;
  expect([accepted.broken, committed.broken]).toEqual([0, 0]);
  for (const { status } of [...accepted.refused, ...committed.refused]) expect(status).toBe(503);
  // On a machine that is too slow for Redis to answer in time, both stores were away.
  const redisWasAway = service.output().includes('Redis is away');
  expect(redisWasAway || accepted.refused.length === 0).toBe(true);
  await isAlive(service);
  await databaseIs('up', service);
  await stage.settle(service, ledger, { unheard });
  for (const conversationId of begun) {
    await ledger.turn(service, 'Is all well?', { ...asked, conversationId });
  }
  await stage.settle(service, ledger, { unheard });
});

it('starts while its backends are killed', async () => {
  let started: Instance | undefined;
  const killed = await killDuring(async () => {
    const instance = (started = await stage.start());
    await stage.passes(FOR_MS);
    // While Redis too is slow for a moment, no store can take a turn: that is said so, and the caller tries again.
    await eventually(async () => {
      const { status } = await ledger.ask(instance, 'What is attention?');
      if (status === 503) unheard++;
      expect(status).toBe(200);
    });
    await isAlive(instance);
  });
  expect(killed).toBeGreaterThan(0);
  await databaseIs('up', started!);
  await stage.settle(started!, ledger, { unheard });
  await isAlive(service);
});
