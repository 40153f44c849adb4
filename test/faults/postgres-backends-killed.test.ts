import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectVerified } from '../support/verified.js';

const EVERY_MS = 20;
const CALLERS = 8;
const FOR_MS = 5000;
// A killed backend opens the breaker for up to half a second, and there are none to be killed meanwhile.
const LEAST_KILLS = 8;

const stage = await createPostgresStage();
const { postgres } = stage;
const service = await stage.start({ SYNC_INTERVAL: '1' });

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

it('loses nothing and stays alive while all its backends are killed every 20 ms', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], 2 * CALLERS);
  const accepted = new Load(ledger, [service], begun.slice(CALLERS));
  const committed = new Load(ledger, [service], begun.slice(0, CALLERS), {
    durability: 'committed',
  });
  const killed = await killDuring(async (soFar) => {
    await stage.passes(FOR_MS);
    await eventually(() => expect(soFar()).toBeGreaterThanOrEqual(LEAST_KILLS));
    await Promise.all([accepted.stop(), committed.stop()]);
  });
  console.log(
    `${killed} backends killed: ${ledger.acknowledged.length} turns acknowledged, ` +
      `${accepted.unheard} accepted and ${committed.unheard} committed ones refused`,
  );
  expect(accepted.unheard).toBe(0);
  expect(committed.broken).toBe(0);
  for (const { status } of committed.refused) expect(status).toBe(503);
  // The same process as before: no error of a connection has ended it.
  expect((await service.request('GET', '/health/live')).status).toBe(200);
  expect(service.output()).not.toMatch(/unhandled|uncaught/i);
  await stage.settle(service, ledger, { unheard: committed.unheard });
});

it('starts while its backends are killed', async () => {
  const ledger = new Ledger();
  const killed = await killDuring(async () => {
    const started = await stage.start();
    await stage.passes(FOR_MS);
    await ledger.turn(started, 'What is attention?');
    expect((await started.request('GET', '/health/live')).status).toBe(200);
  });
  expect(killed).toBeGreaterThan(0);
  await expectVerified(service, stage.redis);
  expect(await ledger.compare(postgres)).toMatchObject({ lost: [], doubled: [] });
});
