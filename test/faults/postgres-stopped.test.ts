import { expect, it } from 'vitest';
import { conversationKeys } from '../../src/redis/keys.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { countTurns } from '../support/settled.js';

const TTL_SECONDS = 2;
const KEPT_TURNS = 3;
const CONVERSATIONS = 5;
const MORE_TURNS = 7;

const stage = await createPostgresStage();
const { postgres, redis, engine } = stage;
const service = await stage.start({
  SESSION_TTL: String(TTL_SECONDS),
  MAX_MESSAGES_PER_SESSION: String(KEPT_TURNS),
});
const ledger = new Ledger();

it('neither trims nor expires what Postgres does not have, for as long as that is away', async () => {
  const cold = await ledger.turn(service, 'What is attention?', { durability: 'committed' });
  // Some had a TTL already when their next turn came.
  const clean = await Promise.all(
    Array.from({ length: CONVERSATIONS }, (_, index) =>
      ledger.turn(service, `question of clean ${index}`, { durability: 'committed' }),
    ),
  );
  postgres.proxy.refuse();
  await Promise.all(
    clean.map(({ conversationId }) => ledger.turn(service, 'Still there?', { conversationId })),
  );
  await databaseIs('away', service);
  await postgres.shutDown();
  postgres.proxy.pass();
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  for (let turn = 1; turn <= MORE_TURNS; turn++) {
    await Promise.all(
      begun.map((conversationId) => ledger.turn(service, `question ${turn}`, { conversationId })),
    );
  }
  await stage.passes(3 * TTL_SECONDS * 1000);
  // The same time was enough for a session that Postgres has.
  expect(await redis.exists(conversationKeys(cold.conversationId).meta)).toBe(0);
  for (const id of begun) {
    expect(await redis.llen(conversationKeys(id).turns)).toBe(1 + MORE_TURNS);
    expect(await redis.hget(conversationKeys(id).meta, 'last')).toBe(String(1 + MORE_TURNS));
  }
  for (const { conversationId } of clean) {
    expect(await redis.llen(conversationKeys(conversationId).turns)).toBe(2);
  }

  await postgres.restart();
  await stage.settle(service, ledger);
  expect(await countTurns(postgres)).toBe(1 + CONVERSATIONS * (2 + 1 + MORE_TURNS));
  // What is archived may go again: the newest turns stay for a while, then nothing.
  for (const id of begun) {
    expect(await redis.llen(conversationKeys(id).turns)).toBeLessThanOrEqual(KEPT_TURNS);
  }
  await eventually(async () => {
    for (const id of begun) expect(await redis.exists(conversationKeys(id).meta)).toBe(0);
  });
});

it('says unavailable of a conversation that only Postgres has, and forgets nothing of it', async () => {
  const first = await ledger.turn(service, 'What is dropout?', { durability: 'committed' });
  const { conversationId } = first;
  await postgres.shutDown();
  await eventually(async () =>
    expect(await redis.exists(conversationKeys(conversationId).meta)).toBe(0),
  );
  const calls = engine.calls;
  const reply = await ledger.ask(service, 'Who found it?', { conversationId });
  expectProblem(reply, 503, 'storage_unavailable');
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
  for (const [method, path] of [
    ['POST', `/conversations/${conversationId}/end`],
    ['DELETE', `/conversations/${conversationId}`],
  ] as const) {
    expectProblem(await service.request(method, path), 503, 'storage_unavailable');
  }
  expect(engine.calls).toBe(calls);
  await databaseIs('away', service);

  await postgres.restart();
  await eventually(async () => {
    const again = await ledger.turn(service, 'Who found it, again?', { conversationId });
    expect(again.seq).toBe(2);
  });
  await stage.settle(service, ledger);
});

it('refuses a committed turn before it asks the engine, and stores it once when it is asked for later', async () => {
  const { conversationId } = await ledger.turn(service, 'What is a token?');
  await postgres.shutDown();
  const headers = { 'idempotency-key': 'a-key' };
  const asked = { conversationId, durability: 'committed', headers } as const;
  await databaseIs('away', service);
  const reply = await ledger.ask(service, 'Who counts them?', asked);
  expectProblem(reply, 503, 'storage_unavailable');
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(engine.callsFor('Who counts them?')).toBe(0);

  await postgres.restart();
  const later = await eventually(async () => {
    const retried = await ledger.ask(service, 'Who counts them?', asked);
    expect(retried.status).toBe(200);
    return retried;
  });
  expect(later.body).toMatchObject({ seq: 2, durability: 'committed' });
  expect(engine.callsFor('Who counts them?')).toBe(1);
  await stage.settle(service, ledger);
});
