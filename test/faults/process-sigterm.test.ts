import { expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load } from '../support/load.js';
import { createProcessStage, type LinkedInstance } from '../support/process-stage.js';
import { countTurns } from '../support/settled.js';
import { redisIs } from '../support/stage.js';
import { dirtyConversations, unsyncedTurns } from '../support/verified.js';

const CALLERS = 20;
// What the service has when nobody says otherwise.
const GRACE_MS = 10_000;
// Where all is to be flushed, however slow the machine is.
const UNHURRIED_MS = 60_000;
const UNHURRIED = { SHUTDOWN_GRACE_MS: String(UNHURRIED_MS) };

const stage = await createProcessStage();
const { redis, database, engine } = stage;
const other = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
const ledger = new Ledger();
// Of all tests: their turns may be kept or not.
let unheard = 0;

/** As an orchestrator does it: it would kill what is still there after the grace time. */
async function expectGracefulEnd(stopped: LinkedInstance, withinMs = GRACE_MS): Promise<void> {
  const startedMs = performance.now();
  stopped.kill('SIGTERM');
  const code = await stopped.exited;
  const tookMs = performance.now() - startedMs;
  console.log(`ended ${tookMs.toFixed(0)} ms after SIGTERM`);
  expect({ code, output: stopped.output() }).toMatchObject({ code: 0 });
  expect(tookMs).toBeLessThan(withinMs);
}

it('has every acknowledged turn in Postgres when it ends under load', async () => {
  const stopped = await stage.start(UNHURRIED);
  const begun = await beginMany(ledger, [stopped], CALLERS);
  const load = new Load(ledger, [stopped], begun, {}, 'the load');
  await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(3 * CALLERS));
  await expectGracefulEnd(stopped, UNHURRIED_MS);
  // Before anybody else looks after it.
  expect(await dirtyConversations(redis)).toEqual([]);
  expect(await countTurns(database)).toBeGreaterThanOrEqual(ledger.acknowledged.length);
  expect(await ledger.compare(database)).toMatchObject({ lost: [], doubled: [], reordered: [] });

  await load.stop();
  for (const { status } of load.refused) expect(status).toBe(503);
  unheard += load.unheard;
  await stage.settle(other, ledger, { unheard });
});

it('flushes what it left to the sweep, and gives its leases back', async () => {
  const stopped = await stage.start({ AUTO_SYNC_TO_DB: 'false', ...UNHURRIED });
  const before = await countTurns(database);
  await beginMany(ledger, [stopped], CALLERS);
  expect(await countTurns(database)).toBe(before);
  await expectGracefulEnd(stopped, UNHURRIED_MS);
  expect(await countTurns(database)).toBe(before + CALLERS);
  expect(await redis.keys('*:lease')).toEqual([]);
  await stage.settle(other, ledger, { unheard });
});

it('finishes the turns that are under way, and waits for nothing else', async () => {
  const stopped = await stage.start(UNHURRIED);
  engine.stub.always = { kind: 'delay', ms: 1500 };
  const asked = ['accepted', 'committed'] as const;
  const replies = asked.map((durability) =>
    ledger.ask(stopped, `under way, ${durability}`, { durability }),
  );
  await eventually(() => {
    for (const each of asked) expect(engine.callsFor(`under way, ${each}`)).toBe(1);
  });
  // Their clients keep the connections.
  await expectGracefulEnd(stopped, 30_000);
  for (const reply of await Promise.all(replies)) {
    expect(reply.status).toBe(200);
    expect(await archivedTurns(database, reply.body.conversation_id!)).toHaveLength(1);
  }
  await stage.settle(other, ledger, { unheard });
});

it('cuts off a turn whose engine hangs, keeps nothing of it, and flushes the others', async () => {
  const stopped = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
  const { conversationId } = await ledger.turn(stopped, 'What is attention?');
  engine.stub.always = { kind: 'hang' };
  const cutOff = ledger.ask(stopped, 'And then?', { conversationId }).catch(() => null);
  await eventually(() => expect(engine.callsFor('And then?')).toBe(1));
  await expectGracefulEnd(stopped);
  expect(await cutOff).toBeNull();
  expect(await archivedTurns(database, conversationId)).toMatchObject([
    { question: 'What is attention?' },
  ]);
  await stage.settle(other, ledger, { unheard });
});

it('leaves to others what it cannot flush while Postgres is frozen', async () => {
  const stopped = await stage.start();
  const begun = await beginMany(ledger, [stopped], CALLERS);
  await stage.settle(other, ledger, { unheard });
  stopped.postgresLink.blackhole();
  const load = new Load(ledger, [stopped], begun, {}, 'frozen Postgres');
  const before = ledger.acknowledged.length;
  await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(before + 2 * CALLERS));
  await databaseIs('away', stopped);
  await expectGracefulEnd(stopped);
  await load.stop();
  unheard += load.unheard;
  const unsynced = await unsyncedTurns(redis);
  console.log(`${unsynced} turns were left in Redis`);
  expect(unsynced).toBeGreaterThanOrEqual(ledger.acknowledged.length - before);
  expect(await redis.keys('*:lease')).toEqual([]);

  await stage.settle(other, ledger, { unheard });
});

it('leaves to others what it cannot flush while Redis is frozen', async () => {
  const stopped = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
  const begun = await beginMany(ledger, [stopped], CALLERS);
  const dirty = (await dirtyConversations(redis)).toSorted();
  expect(dirty).toEqual(begun.toSorted());
  stopped.redisLink.blackhole();
  const around = await ledger.turn(stopped, 'What is Redis?');
  expect(around.durability).toBe('committed');
  await redisIs('away', stopped);
  await expectGracefulEnd(stopped);
  expect((await dirtyConversations(redis)).toSorted()).toEqual(dirty);
  expect(await unsyncedTurns(redis)).toBe(CALLERS);

  await stage.settle(other, ledger, { unheard });
});
