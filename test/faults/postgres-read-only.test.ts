import { afterEach, expect, it } from 'vitest';
import { syncIs } from '../support/database-health.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { metricOf } from '../support/metrics.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { countTurns } from '../support/settled.js';
import { dirtyConversations } from '../support/verified.js';

const CONVERSATIONS = 5;
const MORE_TURNS = 4;

const stage = await createPostgresStage();
const { postgres, redis } = stage;
const service = await stage.start();
afterEach(() => postgres.makeWritable());

it('goes on with turns while Postgres is read-only, refuses committed ones, and archives all of them later', async () => {
  const ledger = new Ledger();
  const cold = await ledger.turn(service, 'What is attention?', { durability: 'committed' });
  const ended = await service.request('POST', `/conversations/${cold.conversationId}/end`);
  expect(ended.status).toBe(200);
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  await stage.settle(service, ledger);
  const before = await countTurns(postgres);

  await postgres.makeReadOnly();
  begun.push(...(await beginMany(ledger, [service], CONVERSATIONS)));
  for (let turn = 1; turn <= MORE_TURNS; turn++) {
    for (const conversationId of begun) {
      await ledger.turn(service, `question ${turn}`, { conversationId });
    }
  }
  // It can still be read.
  const third = await ledger.ask(service, 'And then?', { conversationId: cold.conversationId });
  expect(third.body).toMatchObject({ seq: 2, history: { source: 'durable', turns_used: 1 } });
  const asked = { conversationId: begun[0]!, durability: 'committed' } as const;
  const refused = await ledger.ask(service, 'And for good?', asked);
  expectProblem(refused, 503, 'storage_unavailable');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const erased = await service.request('DELETE', `/conversations/${begun[1]!}`);
  expectProblem(erased, 503, 'storage_unavailable');

  await syncIs('degraded', service);
  expect(await metricOf(service, 'sync_failures_total{reason="transient"}')).toBeGreaterThan(0);
  expect(await countTurns(postgres)).toBe(before);
  const dirty = [...begun, cold.conversationId];
  expect((await dirtyConversations(redis)).toSorted()).toEqual(dirty.toSorted());

  await postgres.makeWritable();
  const flowing = await ledger.turn(service, 'And now for good?', asked);
  expect(flowing).toMatchObject({ seq: 1 + 1 + MORE_TURNS + 1, durability: 'committed' });
  await stage.settle(service, ledger, { kept: 1 });
  await syncIs('up', service);
  // The refused turn was accepted all the same.
  expect(await countTurns(postgres)).toBe(ledger.acknowledged.length + 1);
});
