import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { syncIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { countTurns } from '../support/settled.js';
import { expectVerified } from '../support/verified.js';

const CONVERSATIONS = 10;

const stage = await createPostgresStage();
const { postgres } = stage;
const service = await stage.start({ AUTO_SYNC_TO_DB: 'false' });
const holder = new pg.Client({ connectionString: postgres.directUrl });
await holder.connect();
afterAll(() => holder.end());

it('archives the other conversations of a batch although somebody holds the lock of one', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  await stage.settle(service, ledger);
  const [locked, ...others] = begun.toSorted();
  await holder.query('begin');
  await holder.query('select from conversation_sessions where conversation_id = $1 for update', [
    locked,
  ]);
  for (const conversationId of begun) await ledger.turn(service, 'And then?', { conversationId });

  const sweeping = service.admin<object>('POST', '/admin/sync');
  await eventually(async () => {
    for (const id of others) expect(await archivedTurns(postgres, id)).toHaveLength(2);
  });
  expect(await sweeping).toMatchObject({ status: 200, body: { failed: 1 } });
  expect(await archivedTurns(postgres, locked!)).toHaveLength(1);
  await syncIs('degraded', service);
  // Committed at once: the one is refused in time, another is not held up for long.
  const durability = 'committed';
  const [refused] = await Promise.all([
    ledger.ask(service, 'And now?', { conversationId: locked!, durability }),
    ledger.turn(service, 'And now?', { conversationId: others[0]!, durability }),
  ]);
  expectProblem(refused, 503, 'storage_unavailable');

  await holder.query('rollback');
  // It was accepted all the same.
  await stage.settle(service, ledger, { kept: 1 });
  expect(await archivedTurns(postgres, locked!)).toHaveLength(3);
});

it('archives the other conversations of a batch although somebody is half-way through inserting one', async () => {
  const before = await countTurns(postgres);
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], CONVERSATIONS);
  const [taken] = begun.splice(CONVERSATIONS / 2, 1);
  await holder.query('begin');
  await holder.query('insert into conversation_sessions (conversation_id) values ($1)', [taken]);
  // At once, so that most of them are flushed as one batch.
  const asked = [...begun.slice(0, 4), taken!, ...begun.slice(4)].map((conversationId) =>
    ledger.ask(service, 'And then?', { conversationId, durability: 'committed' }),
  );
  await eventually(async () => {
    for (const id of begun) expect(await archivedTurns(postgres, id)).toHaveLength(2);
  });
  expect(await archivedTurns(postgres, taken!)).toEqual([]);
  const replies = await Promise.all(asked);
  const refused = replies.filter(({ status }) => status !== 200);
  for (const each of refused) expectProblem(each, 503, 'storage_unavailable');
  expect(refused.length).toBeGreaterThan(0);

  await holder.query('rollback');
  await expectVerified(service, stage.redis);
  expect(await ledger.compare(postgres)).toEqual({
    lost: [],
    doubled: [],
    reordered: [],
    overtaking: [],
  });
  expect(await countTurns(postgres)).toBe(before + 2 * CONVERSATIONS);
});
