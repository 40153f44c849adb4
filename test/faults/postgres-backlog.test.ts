import { expect, it } from 'vitest';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { countTurns } from '../support/settled.js';
import { unsyncedTurns } from '../support/verified.js';

const MOST_UNSYNCED = 12;
const CONVERSATIONS = 3;

const stage = await createPostgresStage();
const { postgres, redis, engine } = stage;
const service = await stage.start({ MAX_UNSYNCED_TURNS: String(MOST_UNSYNCED) });

it('refuses turns above the cap before it asks the engine, drops none, and takes them again once Postgres is back', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  await stage.settle(service, ledger);
  await postgres.shutDown();
  // The first turn finds out.
  await ledger.turn(service, 'first unsynced', { conversationId: begun[0]! });
  await databaseIs('away', service);
  for (let turn = 2; turn <= MOST_UNSYNCED; turn++) {
    const conversationId = begun[turn % CONVERSATIONS]!;
    await ledger.turn(service, `unsynced ${turn}`, { conversationId });
  }
  const { calls } = engine;
  const overfull = () =>
    Promise.all([
      ledger.ask(service, 'one too many', { conversationId: begun[0]! }),
      ledger.ask(service, 'a conversation too many'),
    ]);
  for (const refused of await overfull()) {
    expectProblem(refused, 503, 'too_many_unsynced');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(engine.calls).toBe(calls);
  expect(await unsyncedTurns(redis)).toBe(MOST_UNSYNCED);
  await databaseIs('away', service);
  // Not even then is anything of it trimmed or expired: it is there to be read, and to be gone on with.
  const kept = await redis.dbsize();
  for (const refused of await overfull()) expectProblem(refused, 503, 'too_many_unsynced');
  expect(await redis.dbsize()).toBe(kept);

  await postgres.restart();
  // By itself, without a sweep of the schedule.
  await eventually(async () => expect(await unsyncedTurns(redis)).toBe(0));
  expect(await countTurns(postgres)).toBe(CONVERSATIONS + MOST_UNSYNCED);
  await databaseIs('up', service);
  for (const conversationId of begun) {
    // The count by which turns are refused may be two seconds old.
    await eventually(() => ledger.turn(service, 'room again?', { conversationId }));
  }
  await stage.settle(service, ledger);
  expect(await countTurns(postgres)).toBe(2 * CONVERSATIONS + MOST_UNSYNCED);
});
