import { expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';

const CONVERSATIONS = 20;
const LEAST_CONNECTIONS = 5;
const MOST_CONNECTIONS = 10;

const stage = await createPostgresStage();
const { postgres } = stage;
const service = await stage.start();
const ledger = new Ledger();
let unheard = 0;

/** Reads so many conversations at once that the pool is full. */
async function fillPool(conversationIds: readonly string[], what: string): Promise<void> {
  for (const id of conversationIds) {
    expect((await service.request('POST', `/conversations/${id}/end`)).status).toBe(200);
  }
  await Promise.all(
    conversationIds.map((conversationId) =>
      ledger.turn(service, `recalled ${what}`, { conversationId }),
    ),
  );
  await stage.settle(service, ledger, { unheard });
}

async function refusedOnce(question: string, conversationId: string): Promise<void> {
  const asked = { conversationId, durability: 'committed' } as const;
  const reply = await ledger.ask(service, question, asked);
  unheard++;
  expectProblem(reply, 503, 'storage_unavailable');
}

it('gets rid of all connections that a router has forgotten, and goes on meanwhile', async () => {
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  const [conversationId] = begun as [string];
  await fillPool(begun, 'before');
  const connections = postgres.proxy.connections;
  expect(connections).toBeGreaterThanOrEqual(LEAST_CONNECTIONS);
  postgres.proxy.forget();
  const forgottenMs = performance.now();
  const refused = refusedOnce('Is it kept?', conversationId);
  for (const id of begun.slice(1)) await ledger.turn(service, 'And?', { conversationId: id });
  await refused;
  await databaseIs('up', service);
  const headers = { 'idempotency-key': 'and-now' };
  const asked = { conversationId, durability: 'committed', headers } as const;
  await eventually(() => ledger.turn(service, 'And now?', asked));
  const tookMs = performance.now() - forgottenMs;
  console.log(
    `${connections} connections forgotten: committed again after ${tookMs.toFixed(0)} ms`,
  );
  // None of them is in use again: as many requests as fill the pool get through at once.
  await fillPool(begun, 'after');
  expect(postgres.proxy.connections).toBeLessThanOrEqual(MOST_CONNECTIONS);
  await stage.settle(service, ledger, { unheard });
});

it('stores a turn once whose connection is forgotten in mid-transaction, with the lock of its conversation', async () => {
  const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
  const insert = postgres.proxy.holdOnce('insert into conversation_messages');
  const refused = refusedOnce('second', conversationId);
  await insert.reached;
  postgres.proxy.forget();
  await refused;
  // Postgres ends that transaction by itself, and then the row is free.
  await stage.settle(service, ledger, { unheard });
  const third = await ledger.turn(service, 'third', { conversationId, durability: 'committed' });
  expect(third.seq).toBe(3);
  const questions = (await archivedTurns(postgres, conversationId)).map(({ question }) => question);
  expect(questions).toEqual(['first', 'second', 'third']);
  await stage.settle(service, ledger, { unheard });
});
