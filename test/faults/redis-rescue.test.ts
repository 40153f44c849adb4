import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { askHealth } from '../support/health.js';
import { WAITING_FOR_LOCK } from '../support/held-rows.js';
import type { HttpClient } from '../support/http-client.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { countTurns } from '../support/settled.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, unsyncedTurns } from '../support/verified.js';

const { redis, database, postgresLink, start, settle } = await createStage();
// By the sweep alone: what is archived while Redis is away was rescued.
const BY_THE_SWEEP = { AUTO_SYNC_TO_DB: 'false' };

const holder = new pg.Client({ connectionString: database.url });
await holder.connect();
afterAll(() => holder.end());

/** A conversation whose second turn Redis alone has, while somebody holds its row. */
async function beginHeld(service: HttpClient, ledger: Ledger): Promise<string> {
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  await ledger.turn(service, 'second', { conversationId });
  await holder.query('begin');
  await holder.query('select from conversation_sessions where conversation_id = $1 for update', [
    conversationId,
  ]);
  return conversationId;
}

/** The questions of a conversation as the archive has them. */
const questionsOf = async (conversationId: string) =>
  (await archivedTurns(database, conversationId)).map(({ question }) => question);

/** One in a process of its own, to be killed with what it holds in memory. */
const startDoomed = () =>
  startInstance({ REDIS_URL: redis.url, DATABASE_URL: database.url, ...BY_THE_SWEEP });

/** The second sweep does it, or one more where a rescue had the row just then. */
const sweepUntil = (service: HttpClient, conversationId: string, questions: readonly string[]) =>
  eventually(async () => {
    await sweepNow(service);
    expect(await questionsOf(conversationId)).toEqual(questions);
  });

it('archives what it had accepted before anything is written around Redis', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first');
  await ledger.turn(service, 'second', { conversationId });
  redis.proxy.blackhole();
  const third = await ledger.ask(service, 'third', { conversationId });
  expect(third.body).toMatchObject({ seq: 3, durability: 'committed', history: { turns_used: 2 } });
  expect(await questionsOf(conversationId)).toEqual(['first', 'second', 'third']);
  await redisIs('away', service);
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
  for (const each of instances) await redisIs('away', each);
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
    expect((await askHealth(service, '/health/ready')).status).toBe(503);
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
  await redisIs('away', service);
  held.release();
  redis.proxy.pass();
  await settle(service, ledger);
});

it('lets nothing pass what it had accepted, though what that waits for is archived at the last instant', async () => {
  const ownPostgres = await createProxy(database.url);
  const otherRedis = await createProxy(redis.directUrl);
  const service = await start({
    ...BY_THE_SWEEP,
    DATABASE_URL: ownPostgres.through(database.url),
  });
  const other = await start({
    ...BY_THE_SWEEP,
    REDIS_URL: otherRedis.through(redis.directUrl),
  });
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(other, 'first', { durability: 'committed' });
  await ledger.turn(other, 'second', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  redis.proxy.refuse();
  await redisIs('away', service);

  // The locks of a rescue before the archive is read, of one before it is written to, and of that write.
  const LOCK = 'for update\u0000';
  let held = ownPostgres.holdOnce(LOCK);
  const asked = ledger.ask(service, 'fourth', { conversationId });
  for (let later = 1; later <= 2; later++) {
    await held.reached;
    const next = ownPostgres.holdOnce(LOCK);
    held.release();
    held = next;
  }
  await held.reached;
  expect(await questionsOf(conversationId)).toEqual(['first']);
  otherRedis.refuse();
  await eventually(async () =>
    expect(await questionsOf(conversationId)).toEqual(['first', 'second']),
  );
  held.release();
  expect((await asked).body).toMatchObject({ seq: 4, durability: 'committed' });
  expect(await questionsOf(conversationId)).toEqual(['first', 'second', 'third', 'fourth']);
  otherRedis.pass();
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

it('archives what Redis has lost although somebody held its row when Redis came up anew', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const conversationId = await beginHeld(service, ledger);
  await redis.restartEmpty();
  await redisIs('up', service);
  expect(await questionsOf(conversationId)).toEqual(['first']);
  await holder.query('rollback');
  // Nobody asks for it.
  await eventually(async () =>
    expect(await questionsOf(conversationId)).toEqual(['first', 'second']),
  );
  await settle(service, ledger);
});

it('waits for whoever has the row before it reads from the archive what Redis has lost', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const conversationId = await beginHeld(service, ledger);
  await redis.client.flushall();
  const third = ledger.ask(service, 'third', { conversationId });
  await eventually(async () => expect(await database.query(WAITING_FOR_LOCK)).toHaveLength(1));
  await holder.query('rollback');
  expect((await third).body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  await settle(service, ledger);
});

it('gives no history without an accepted turn while somebody keeps its row', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const conversationId = await beginHeld(service, ledger);
  await redis.client.flushall();
  const refused = await ledger.ask(service, 'refused', { conversationId });
  expect(refused).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
  await holder.query('rollback');
  const third = await ledger.ask(service, 'third', { conversationId });
  expect(third.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  await settle(service, ledger);
});

it('archives late what Redis has lost behind a turn of an instance that died with it', async () => {
  const doomed = await startDoomed();
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  await ledger.turn(doomed, 'second', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  doomed.kill('SIGKILL');
  await doomed.exited;
  await redis.restartEmpty();
  await redisIs('up', service);
  await sweepNow(service);
  // Until the next sweep whoever has the second turn may archive it.
  expect(await questionsOf(conversationId)).toEqual(['first']);
  await sweepUntil(service, conversationId, ['first', 'third']);
  const fourth = await ledger.ask(service, 'fourth', { conversationId });
  expect(fourth.body).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  await settle(service, ledger, { lost: 1 });
});

it('leaves to the flush, however late that is, what Redis has brought back with it', async () => {
  const doomed = await startDoomed();
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  await ledger.turn(doomed, 'second', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  doomed.kill('SIGKILL');
  await doomed.exited;
  redis.proxy.refuse();
  await redis.kill();
  await redis.restart();
  const { lease } = conversationKeys(conversationId);
  await redis.client.set(lease, 'of a sweeper that died');
  redis.proxy.pass();
  await redisIs('up', service);
  for (let sweeps = 0; sweeps < 3; sweeps++) await sweepNow(service);
  expect(await questionsOf(conversationId)).toEqual(['first']);
  await redis.client.del(lease);
  await settle(service, ledger);
  expect(await questionsOf(conversationId)).toEqual(['first', 'second', 'third']);
});

it('archives late what Redis has lost although another turn has its place by then', async () => {
  const service = await start(BY_THE_SWEEP);
  const other = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(other, 'first', { durability: 'committed' });
  await ledger.turn(service, 'lost', { conversationId });
  await redis.client.flushall();
  const asked = { conversationId, durability: 'committed' } as const;
  const second = await ledger.turn(other, 'in its place', asked);
  expect(second.seq).toBe(2);
  // It has a conversation of its own that Redis lacks: so it knows.
  const alone = await ledger.turn(service, 'alone');
  await redis.client.flushall();
  await ledger.turn(service, 'alone, next', { conversationId: alone.conversationId });
  await sweepUntil(service, conversationId, ['first', 'in its place', 'lost']);
  // It was written around nothing, and passed it all the same.
  await settle(service, ledger, { mayOvertake: true });
});

it('archives late what it holds although turns that went around Redis have taken its place', async () => {
  const doomed = await startDoomed();
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  await ledger.turn(doomed, 'lost with its instance', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  doomed.kill('SIGKILL');
  await doomed.exited;
  redis.proxy.refuse();
  await redisIs('away', service);
  const around = ['around', 'around again', 'and again'];
  for (const question of around) await ledger.turn(service, question, { conversationId });
  await redis.restartEmpty();
  redis.proxy.pass();
  await redisIs('up', service);
  const asArchived = sweepUntil(service, conversationId, ['first', ...around, 'third']);
  await expect(asArchived).resolves.toBeUndefined();
  await settle(service, ledger, { lost: 1, mayOvertake: true });
});

it('keeps a turn that Postgres refuses, and its neighbours, though Redis is lost', async () => {
  const service = await start(BY_THE_SWEEP);
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'first');
  const refused = await ledger.turn(service, 'a forbidden one', { conversationId });
  await ledger.turn(service, 'third', { conversationId });
  await database.query(
    `alter table conversation_messages
       add constraint refused check (question not like '%forbidden%') not valid`,
  );
  redis.proxy.blackhole();
  await redisIs('away', service);
  await eventually(async () => expect(await questionsOf(conversationId)).toEqual(['first']));
  await redis.restartEmpty();
  redis.proxy.pass();
  await redisIs('up', service);
  await sweepUntil(service, conversationId, ['first', 'third']);
  await database.query('alter table conversation_messages drop constraint refused');
  const path = `/admin/dead-letters/${refused.turnId}/retry`;
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const retried = await service.request('POST', path, { headers });
  expect(retried).toMatchObject({ status: 200, body: { seq: 3 } });
  expect(await questionsOf(conversationId)).toEqual(['first', 'third', 'a forbidden one']);
  // Refused, and taken late: it has lost its place, and that is no fault of the ledger's kind.
  await settle(service, new Ledger());
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
