import pg from 'pg';
import { afterAll, afterEach, expect, it } from 'vitest';
import { SCRIPTS } from '../../src/session/scripts.js';
import { sweepNow } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import type { HttpClient } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createStage, redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, postgresLink, start, settle } = await createStage();
// By the sweep alone: nothing but the recovery brings anything in step.
const variables = { AUTO_SYNC_TO_DB: 'false' };
const one = await start(variables);
const otherLink = await createProxy(redis.directUrl);
const other = await start({ ...variables, REDIS_URL: otherLink.through(redis.directUrl) });
const holder = new pg.Client({ connectionString: database.url });
await holder.connect();
afterAll(() => holder.end());
afterEach(async () => {
  otherLink.pass();
  // Nothing where no transaction is open. A test that fails must not hold up those after it.
  await holder.query('rollback');
});

const marks = async () => {
  const rows = await database.query<{ id: string; mark: string }>(
    `select conversation_id as id, hot_stale as mark
       from conversation_sessions where hot_stale is not null`,
  );
  return Object.fromEntries(rows.map(({ id, mark }) => [id, mark]));
};

/** A conversation with turns in both stores. */
const begin = async (ledger: Ledger, turns: number) => {
  const { conversationId } = await ledger.turn(one, 'turn 1');
  for (let turn = 2; turn <= turns; turn++) {
    await ledger.turn(turn % 2 ? one : other, `turn ${turn}`, { conversationId });
  }
  await expectVerified(one, redis.client);
  return conversationId;
};

/** The next turn is answered with all that were committed before it. */
const expectNext = async (
  ledger: Ledger,
  service: HttpClient,
  conversationId: string,
  seq: number,
) => {
  const reply = await ledger.ask(service, `turn ${seq}`, { conversationId });
  expect(reply.body).toMatchObject({ seq, history: { turns_available: seq - 1 } });
  return reply.body;
};

it('does not use Redis before the sessions have what was written around it, for any instance', async () => {
  const ledger = new Ledger();
  const conversationId = await begin(ledger, 2);
  redis.proxy.refuse();
  await redisIs('away', one);
  await expectNext(ledger, one, conversationId, 3);

  const held = redis.proxy.holdOnce(SCRIPTS.distrust.sha);
  redis.proxy.pass();
  await held.reached;
  // Redis could be reached again, and its session has two turns.
  const { durability, history } = await expectNext(ledger, one, conversationId, 4);
  expect({ durability, source: history.source }).toEqual({
    durability: 'committed',
    source: 'durable',
  });
  await redisIs('away', one);
  held.release();
  await redisIs('up', one);
  expect(await marks()).toEqual({});
  await expectNext(ledger, other, conversationId, 5);
  const { history: hot } = await expectNext(ledger, one, conversationId, 6);
  expect(hot.source).toBe('hot');
  await settle(one, ledger);
  await settle(other, ledger);
});

it('brings Redis back for everybody although somebody holds the row of one conversation', async () => {
  const ledger = new Ledger();
  const [clean, dirty, free] = [
    await begin(ledger, 1),
    await begin(ledger, 1),
    await begin(ledger, 1),
  ];
  // Accepted by an instance that is not cut off, so nobody rescues it.
  await ledger.turn(other, 'turn 2', { conversationId: dirty });
  redis.proxy.refuse();
  await redisIs('away', one);
  await expectNext(ledger, one, clean, 2);
  await expectNext(ledger, one, free, 2);
  const around = await ledger.turn(one, 'around the one that Redis holds', {
    conversationId: dirty,
  });
  expect(around).toMatchObject({ seq: 2, durability: 'committed' });
  await holder.query('begin');
  await holder.query(
    'select from conversation_sessions where conversation_id = any($1::text[]) for update',
    [[clean, dirty]],
  );
  redis.proxy.pass();
  await redisIs('up', one);
  expect(Object.keys(await marks()).toSorted()).toEqual([clean, dirty].toSorted());
  for (const id of [free, clean]) {
    const { durability } = await expectNext(ledger, one, id, 3);
    expect(durability).toBe('accepted');
    await expectNext(ledger, other, id, 4);
  }
  // What Redis holds of it has to be committed before it can be read: unavailable, and not a part of it.
  const refused = await ledger.ask(one, 'while held', { conversationId: dirty });
  expectProblem(refused, 503, 'storage_unavailable');
  await redisIs('up', one);
  await holder.query('rollback');
  await expectNext(ledger, other, dirty, 4);
  // The turn that Redis held was overtaken by the one that was written around it.
  await settle(one, ledger, { mayOvertake: true });
});

it('takes the trust from all sessions that were written around although a whole batch of rows is held', async () => {
  const ledger = new Ledger();
  const conversationId = await begin(ledger, 1);
  redis.proxy.refuse();
  // A sweep of the other, after a moment without an answer, would clear the marks before their rows are held.
  otherLink.refuse();
  await redisIs('away', one);
  await redisIs('away', other);
  // As many as one batch takes, before all others in the order of their ids.
  await database.query(
    `insert into conversation_sessions (conversation_id, hot_stale)
     select '00000000-' || lpad(number::text, 4, '0'), gen_random_uuid()
       from generate_series(1, 501) as number`,
  );
  await expectNext(ledger, one, conversationId, 2);
  await holder.query('begin');
  await holder.query(
    "select from conversation_sessions where conversation_id like '00000000-%' for update",
  );
  redis.proxy.pass();
  await redisIs('up', one);
  expect(Object.keys(await marks())).toHaveLength(501);
  await expectNext(ledger, one, conversationId, 3);
  await holder.query('rollback');
  await database.query("delete from conversation_sessions where conversation_id like '00000000-%'");
  await settle(one, ledger);
});

it('keeps the mark of a turn that is written around Redis while the recovery runs', async () => {
  const ledger = new Ledger();
  const conversationId = await begin(ledger, 1);
  redis.proxy.refuse();
  otherLink.refuse();
  await redisIs('away', one);
  await redisIs('away', other);
  await expectNext(ledger, one, conversationId, 2);
  const held = redis.proxy.holdOnce(SCRIPTS.distrust.sha);
  redis.proxy.pass();
  await held.reached;
  const { turn_id } = await expectNext(ledger, other, conversationId, 3);
  // The sweep that follows the return of Redis recovers what is left.
  const heldAgain = redis.proxy.holdOnce(SCRIPTS.distrust.sha);
  held.release();
  await heldAgain.reached;
  expect(await marks()).toEqual({ [conversationId]: turn_id });
  heldAgain.release();
  await redisIs('up', one);
  await expectNext(ledger, one, conversationId, 4);

  otherLink.pass();
  await redisIs('up', other);
  expect(await marks()).toEqual({});
  await expectNext(ledger, other, conversationId, 5);
  await expectNext(ledger, one, conversationId, 6);
  await settle(one, ledger);
});

it('recovers a turn that was on its way around Redis when Redis came back', async () => {
  const ledger = new Ledger();
  const conversationId = await begin(ledger, 1);
  redis.proxy.refuse();
  await redisIs('away', one);
  const held = postgresLink.holdOnce('set hot_stale');
  const asked = ledger.turn(one, 'turn 2', { conversationId });
  await held.reached;
  redis.proxy.pass();
  await redisIs('up', one);
  // The sweep that follows the return of Redis has nothing to find any more.
  await sweepNow(one);
  const recovery = postgresLink.holdOnce('"hot_stale" is null');
  held.release();
  expect(await asked).toMatchObject({ seq: 2, durability: 'committed' });
  await recovery.reached;
  // It has told the client, so nobody may read the session without it, however long the recovery takes.
  await expectNext(ledger, other, conversationId, 3);
  recovery.release();
  await eventually(async () => expect(await marks()).toEqual({}));
  await expectNext(ledger, one, conversationId, 4);
  await settle(one, ledger);
});
