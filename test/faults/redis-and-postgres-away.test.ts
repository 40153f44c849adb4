import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PROBE_KEY } from '../../src/redis/keys.js';
import { archivedTurns } from '../support/archive-contents.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { askHealth } from '../support/health.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createStage, redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, postgresLink, engine, start, settle } = await createStage();
const service = await start({ AUTO_SYNC_TO_DB: 'false' });
const ROUNDS = 5;
const LONGER_THAN_HEALTH_HAS_MS = 350;
const links = [redis.proxy, postgresLink];

const expectRefused = async (ask: () => ReturnType<Ledger['ask']>) => {
  const calls = engine.calls;
  const reply = await ask();
  expectProblem(reply, 503, 'storage_unavailable');
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(engine.calls).toBe(calls);
};

// The sweep that follows the return of one store may come before the other is back: sync may say so.
const bothAreUp = async () => {
  await redisIs('up', service);
  await eventually(async () =>
    expect(await askHealth(service, '/health')).toMatchObject({
      status: 200,
      body: { details: { redis: { status: 'up' }, database: { status: 'up' } } },
    }),
  );
};

describe.each([
  ['refuse connections', () => links.forEach((link) => link.refuse())],
  ['say nothing any more', () => links.forEach((link) => link.blackhole())],
])('when both stores %s', (how, breakBoth) => {
  it('refuses turns before the engine is asked, and loses nothing', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(service, 'first');
    await expectVerified(service, redis.client);
    // Accepted, and in Redis alone.
    await ledger.turn(service, 'second', { conversationId });
    breakBoth();
    await expectRefused(() => ledger.ask(service, 'the first to find out', { conversationId }));
    await expectRefused(() => ledger.ask(service, 'another conversation'));
    await expectRefused(() => ledger.ask(service, 'go on', { conversationId }));
    await expectRefused(() =>
      ledger.ask(service, 'safely', { conversationId, durability: 'committed' }),
    );
    const headers = { 'idempotency-key': how.replaceAll(' ', '-') };
    await expectRefused(() => ledger.ask(service, 'with a key', { conversationId, headers }));

    const { status, body } = await askHealth(service, '/health');
    expect({ status, body }).toMatchObject({
      status: 503,
      body: {
        status: 'error',
        details: { redis: { status: 'down' }, database: { status: 'down' } },
      },
    });
    expect(await askHealth(service, '/health/sessions')).toMatchObject({
      status: 200,
      body: { status: 'degraded', redis_healthy: false, database_healthy: false },
    });
    expectProblem(await askHealth(service, '/health/ready'), 503, 'storage_unavailable');
    expect(await askHealth(service, '/health/live')).toMatchObject({ status: 200 });
    const incognito = { query: 'What is dropout?', meta_params: { is_incognito: true } };
    expect(await service.chat(incognito)).toMatchObject({
      status: 200,
      body: { durability: 'none', conversation_id: null },
    });

    for (const link of links) link.pass();
    await bothAreUp();
    expect((await askHealth(service, '/health/ready')).status).toBe(200);
    const reply = await ledger.ask(service, 'with a key', { conversationId, headers });
    expect(reply.body).toMatchObject({ seq: 3, history: { turns_available: 2 } });
    await settle(service, ledger);
    const questions = (await archivedTurns(database, conversationId)).map((turn) => turn.question);
    expect(questions).toEqual(['first', 'second', 'with a key']);
  });
});

it('asks no engine for a conversation that begins, though nobody has missed Postgres yet', async () => {
  const ledger = new Ledger();
  await ledger.turn(service, 'before', { durability: 'committed' });
  redis.proxy.refuse();
  await redisIs('away', service);
  postgresLink.refuse();
  await expectRefused(() => ledger.ask(service, 'the first to find out'));
  for (const link of links) link.pass();
  await bothAreUp();
  await ledger.turn(service, 'afterwards');
  await settle(service, ledger);
});

it('takes turns at once when Redis can take them, without Postgres, and waits for no probe', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'before', { durability: 'committed' });
  postgresLink.refuse();
  await databaseIs('away', service);
  for (let round = 1; round <= ROUNDS; round++) {
    await redis.makeReadOnly();
    await eventually(async () => {
      const { body } = await askHealth(service, '/health/sessions');
      expect(body).toMatchObject({ redis_healthy: false, database_healthy: false });
    });
    await expectRefused(() => ledger.ask(service, `refused ${round}`));
    await redis.makeWritable();
    const next = await ledger.turn(service, `taken ${round}`, { conversationId });
    expect(next).toMatchObject({ seq: 1 + round, durability: 'accepted' });
  }
  postgresLink.pass();
  await bothAreUp();
  await settle(service, ledger);
});

it('takes turns at once when Postgres can take them, without Redis, and waits for no probe', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'before', { durability: 'committed' });
  redis.proxy.refuse();
  await redisIs('away', service);
  for (let round = 1; round <= ROUNDS; round++) {
    postgresLink.refuse();
    await expectRefused(() => ledger.ask(service, `refused ${round}`, { conversationId }));
    await expectRefused(() => ledger.ask(service, `refused again ${round}`, { conversationId }));
    postgresLink.pass();
    const next = await ledger.turn(service, `taken ${round}`, { conversationId });
    expect(next).toMatchObject({ seq: 1 + round, durability: 'committed' });
  }
  redis.proxy.pass();
  await bothAreUp();
  await settle(service, ledger);
});

it('gives a slow Redis as long as a turn does while Postgres is away', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'before', { durability: 'committed' });
  postgresLink.refuse();
  await databaseIs('away', service);
  // A machine may be so slow that it takes longer than that after all.
  await eventually(async () => {
    await redisIs('up', service);
    const held = redis.proxy.holdOnce(PROBE_KEY);
    const health = askHealth(service, '/health/sessions');
    await held.reached;
    await delay(LONGER_THAN_HEALTH_HAS_MS);
    held.release();
    expect((await health).body).toMatchObject({ redis_healthy: true, database_healthy: false });
  });
  const next = await ledger.turn(service, 'and on', { conversationId });
  expect(next.durability).toBe('accepted');
  postgresLink.pass();
  await bothAreUp();
  await settle(service, ledger);
});

it('uses Redis again while Postgres is away, though a turn under way had found neither', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(service, 'before');
  postgresLink.refuse();
  await databaseIs('away', service);
  engine.stub.always = { kind: 'delay', ms: 300 };
  const underWay = ledger.ask(service, 'under way', { conversationId });
  await eventually(() => expect(engine.callsFor('under way')).toBe(1));
  redis.proxy.refuse();
  expectProblem(await underWay, 503, 'storage_unavailable');
  engine.stub.always = null;
  redis.proxy.pass();
  const reply = await eventually(async () => {
    const next = await ledger.ask(service, 'and on', { conversationId });
    expect(next.status).toBe(200);
    return next;
  });
  expect(reply.body).toMatchObject({ seq: 2, durability: 'accepted' });
  postgresLink.pass();
  await bothAreUp();
  await settle(service, ledger);
});
