import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import type { HeldRequest } from '../support/proxy.js';
import { createProcessStage, type LinkedInstance } from '../support/process-stage.js';
import { countTurns } from '../support/settled.js';
import { dirtyConversations } from '../support/verified.js';

const stage = await createProcessStage();
const { redis, database } = stage;
const other = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
const ledger = new Ledger();

// In a query of its own: a turn may hold the word.
const COMMIT = 'commit\0';

/** Two turns in Postgres and a third accepted one, whose instance is killed when the held request has come. */
async function killAt(killed: LinkedInstance, hold: (instance: LinkedInstance) => HeldRequest) {
  const { conversationId } = await ledger.turn(killed, 'first', { durability: 'committed' });
  await ledger.turn(killed, 'second', { conversationId, durability: 'committed' });
  await stage.settle(other, ledger);
  const held = hold(killed);
  await ledger.turn(killed, 'third', { conversationId });
  await held.reached;
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await dirtyConversations(redis)).toEqual([conversationId]);
  return { conversationId, held };
}

it('archives what a killed instance had accepted and not flushed, with the sweep of another', async () => {
  const killed = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
  const begun = await beginMany(ledger, [killed], 30);
  for (const conversationId of begun) await ledger.turn(killed, 'And then?', { conversationId });
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await countTurns(database)).toBe(0);

  expect(await other.admin('POST', '/admin/sync')).toMatchObject({
    status: 200,
    body: { conversations: 30, turns: 60, failed: 0 },
  });
  expect(await countTurns(database)).toBe(60);
  await stage.settle(other, ledger);
});

it('archives what a killed instance had leased for its sweep, once the lease has lapsed', async () => {
  const before = await countTurns(database);
  const killed = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
  const begun = await beginMany(ledger, [killed], 10);
  const held = killed.postgresLink.holdOnce('insert into conversation_messages');
  const sweeping = killed.admin('POST', '/admin/sync').catch(() => null);
  await held.reached;
  killed.kill('SIGKILL');
  await Promise.all([killed.exited, sweeping]);
  // The kernel of its machine says goodbye for it.
  killed.postgresLink.reset();
  expect(await countTurns(database)).toBe(before);

  await stage.leasesLapse();
  expect(await other.admin('POST', '/admin/sync')).toMatchObject({
    status: 200,
    body: { conversations: begun.length, turns: begun.length, failed: 0 },
  });
  await stage.settle(other, ledger);
});

it.each([
  ['before its transaction', 'set local lock_timeout'],
  ['before its turns are inserted', 'insert into conversation_messages'],
  ['before its COMMIT', COMMIT],
])('archives a turn once when its instance is killed in the flush, %s', async (_, statement) => {
  const killed = await stage.start();
  const { conversationId } = await killAt(killed, ({ postgresLink }) =>
    postgresLink.holdOnce(statement),
  );
  killed.postgresLink.reset();
  expect(await archivedTurns(database, conversationId)).toHaveLength(2);

  await stage.settle(other, ledger);
  expect(await archivedTurns(database, conversationId)).toHaveLength(3);
});

it('archives a turn once although the COMMIT of a killed instance comes after its death', async () => {
  const killed = await stage.start();
  const { conversationId, held } = await killAt(killed, ({ postgresLink }) =>
    postgresLink.holdOnce(COMMIT),
  );
  expect(await archivedTurns(database, conversationId)).toHaveLength(2);
  held.release();
  await eventually(async () => {
    expect(await archivedTurns(database, conversationId)).toHaveLength(3);
  });
  expect(await dirtyConversations(redis)).toEqual([conversationId]);
  await stage.settle(other, ledger);
  expect(await archivedTurns(database, conversationId)).toHaveLength(3);
});

it.each([
  ['is never heard', () => undefined],
  ['is heard after another has gone on', (held: HeldRequest) => held.release()],
])(
  'stores a turn once when its instance is killed after the COMMIT, and its word to Redis %s',
  async (_, hear) => {
    const killed = await stage.start();
    const { conversationId, held } = await killAt(killed, ({ redisLink }) =>
      redisLink.holdOnce(SCRIPTS.acknowledge.sha),
    );
    const keys = conversationKeys(conversationId);
    expect(await archivedTurns(database, conversationId)).toHaveLength(3);
    expect(await redis.hmget(keys.meta, 'last', 'synced')).toEqual(['3', '2']);
    expect([await redis.ttl(keys.meta), await redis.ttl(keys.turns)]).toEqual([-1, -1]);

    const fourth = await ledger.turn(other, 'fourth', { conversationId });
    expect(fourth.seq).toBe(4);
    hear(held);
    await stage.settle(other, ledger);
    await ledger.turn(other, 'fifth', { conversationId, durability: 'committed' });
    await stage.settle(other, ledger);
    expect(await archivedTurns(database, conversationId)).toHaveLength(5);
  },
);
