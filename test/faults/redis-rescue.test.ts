import { expect, it } from 'vitest';
import { SCRIPTS } from '../../src/session/scripts.js';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { countTurns } from '../support/settled.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, unsyncedTurns } from '../support/verified.js';

const { redis, database, postgresLink, start, settle } = await createStage();
// By the sweep alone: what is archived while Redis is away was rescued.
const BY_THE_SWEEP = { AUTO_SYNC_TO_DB: 'false' };

/** The questions of a conversation as the archive has them. */
const questionsOf = async (conversationId: string) =>
  (await archivedTurns(database, conversationId)).map(({ question }) => question);

it('archives what it had accepted before anything is written around Redis', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first');
  await ledger.turn(service, 'second', { conversationId });
  redis.proxy.blackhole();
  const third = await ledger.ask(service, 'third', { conversationId });
  expect(third.body).toMatchObject({ seq: 3, durability: 'committed', history: { turns_used: 2 } });
  expect(await questionsOf(conversationId)).toEqual(['first', 'second', 'third']);
  redis.proxy.pass();
  await settle(service, ledger);
});

it('archives in their order the turns that two instances had accepted by turns', async () => {
  const instances = [await start(BY_THE_SWEEP), await start(BY_THE_SWEEP)];
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(instances[0]!, 'question 0');
  for (let turn = 1; turn < 8; turn++) {
    await ledger.turn(instances[turn % 2]!, `question ${turn}`, { conversationId });
  }
  await redis.kill();
  await eventually(async () => expect(await questionsOf(conversationId)).toHaveLength(8));
  await redis.restart();
  await settle(instances[0]!, ledger);
});

it('archives what it accepted while Postgres was away as soon as that is back and Redis is not', async () => {
  const service = await start();
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first');
  postgresLink.refuse();
  await ledger.turn(service, 'second', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  redis.proxy.blackhole();
  await eventually(async () => {
    expect((await service.request('GET', '/health/ready')).status).toBe(503);
  });
  postgresLink.pass();
  await eventually(async () => {
    const fourth = await ledger.ask(service, 'fourth', { conversationId });
    expect(fourth.body).toMatchObject({ seq: 4, history: { turns_used: 3 } });
  });
  redis.proxy.pass();
  await settle(service, ledger);
});

it('notices by the flush of a turn, without another request, that Redis says nothing any more', async () => {
  const service = await start();
  const ledger = new Ledger();
  const held = redis.proxy.holdOnce(SCRIPTS.unsynced.sha);
  const { conversationId } = await ledger.turn(service, 'the last words to Redis');
  await held.reached;
  redis.proxy.blackhole();
  await eventually(async () => expect(await questionsOf(conversationId)).toHaveLength(1));
  held.release();
  redis.proxy.pass();
  await settle(service, ledger);
});

it('leaves to Redis what follows a turn of another instance that cannot archive it now', async () => {
  const otherLink = await createProxy(database.url);
  const other = await start({ ...BY_THE_SWEEP, DATABASE_URL: otherLink.through(database.url) });
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(other, 'first');
  await ledger.turn(service, 'second', { conversationId });
  const alone = await ledger.turn(service, 'a conversation of its own');
  otherLink.refuse();
  redis.proxy.blackhole();
  await redisIs('away', service);
  await eventually(async () => expect(await questionsOf(alone.conversationId)).toHaveLength(1));
  expect(await questionsOf(conversationId)).toEqual([]);
  otherLink.pass();
  redis.proxy.pass();
  await settle(service, ledger);
  expect(await questionsOf(conversationId)).toEqual(['first', 'second']);
});

it('shows what it archived from memory also where Redis had lost it before it went away', async () => {
  const service = await start(BY_THE_SWEEP);
  const other = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  await ledger.turn(service, 'second', { conversationId });
  await redis.client.flushall();
  // What another instance has read, and so filled anew, without adding to it.
  const asked = { conversationId, headers: { 'if-match': '"2"' } };
  expect((await ledger.ask(other, 'refused', asked)).status).toBe(412);
  redis.proxy.blackhole();
  await redisIs('away', service);
  await eventually(async () =>
    expect(await questionsOf(conversationId)).toEqual(['first', 'second']),
  );
  redis.proxy.pass();
  await redisIs('up', service);
  const third = await ledger.ask(other, 'third', { conversationId });
  expect(third.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  await settle(service, ledger);
});

it('archives on its way out what Redis does not give any more', async () => {
  const service = await start(BY_THE_SWEEP);
  const witness = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  await ledger.turn(service, 'one');
  await ledger.turn(service, 'another');
  const before = await countTurns(database);
  redis.proxy.blackhole();
  await redisIs('away', service);
  await service.stop();
  expect(await countTurns(database)).toBe(before + 2);
  redis.proxy.pass();
  await settle(witness, ledger);
});

it('does not archive what was erased before Redis went away', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'to be erased');
  expect((await service.request('DELETE', `/conversations/${conversationId}`)).status).toBe(204);
  const before = await countTurns(database);
  await redis.kill();
  await redisIs('away', service);
  await redis.restart();
  await redisIs('up', service);
  expect(await countTurns(database)).toBe(before);
  expect(await dirtyConversations(redis.client)).toEqual([]);
  expect(await unsyncedTurns(redis.client)).toBe(0);
  await settle(service, new Ledger());
});
