import { afterEach, expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { syncIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { beginMany } from '../support/load.js';
import { metricOf } from '../support/metrics.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { dirtyConversations } from '../support/verified.js';

const CONVERSATIONS = 5;
const ALARM = 'sync_failures_total{reason="environment"}';

const stage = await createPostgresStage();
const { postgres, redis, engine } = stage;
const ledger = new Ledger();
let unheard = 0;

const rename = (from: string, to: string) => postgres.query(`alter table ${from} rename to ${to}`);
const mend = new Map<string, () => Promise<unknown>>();
afterEach(() => Promise.all([...mend.values()].map((undo) => undo().catch(() => undefined))));

it.each([
  [
    'the right to insert turns is revoked',
    () => postgres.revoke('insert on conversation_messages'),
    () => postgres.grant('insert on conversation_messages'),
  ],
  [
    'the table of the turns has another name',
    () => rename('conversation_messages', 'messages_elsewhere'),
    () => rename('messages_elsewhere', 'conversation_messages'),
  ],
])(
  'keeps all turns and raises an alarm while %s, and archives them once that is mended',
  async (what, breakIt, undo) => {
    // After such a failure an instance pauses: each begins without one.
    const service = await stage.start();
    const begun = await beginMany(ledger, [service], CONVERSATIONS);
    await stage.settle(service, ledger, { kept: unheard });
    await syncIs('up', service);
    const alarms = await metricOf(service, ALARM);
    mend.set(what, undo);
    await breakIt();
    for (const conversationId of begun) {
      await ledger.turn(service, `second while ${what}`, { conversationId });
    }
    await eventually(async () => expect(await metricOf(service, ALARM)).toBeGreaterThan(alarms));
    expect(service.output()).toMatch(/"level":50.*a flush failed \(environment, SQLSTATE 42/);
    await syncIs('degraded', service);
    expect((await dirtyConversations(redis)).toSorted()).toEqual(begun.toSorted());

    // Chat goes on, with its whole history; what has to be committed says that it cannot be.
    const third = await ledger.ask(service, `third while ${what}`, { conversationId: begun[0]! });
    expect(third.body).toMatchObject({ seq: 3, history: { source: 'hot', turns_used: 2 } });
    const asked = { conversationId: begun[1]!, durability: 'committed' } as const;
    const refused = await ledger.ask(service, `committed while ${what}`, asked);
    unheard++;
    expectProblem(refused, 503, 'storage_unavailable');
    const swept = await service.admin<object>('POST', '/admin/sync');
    expect(swept).toMatchObject({ status: 200, body: { failed: CONVERSATIONS, dead_letters: 0 } });
    await syncIs('degraded', service);

    await undo();
    mend.delete(what);
    const calls = engine.calls;
    await stage.settle(service, ledger, { kept: unheard });
    await syncIs('up', service);
    expect(engine.calls).toBe(calls);
    expect(await archivedTurns(postgres, begun[0]!)).toHaveLength(3);
    expect(await archivedTurns(postgres, begun[1]!)).toHaveLength(3);
    const after = await ledger.turn(service, `after ${what}`, {
      conversationId: begun[2]!,
      durability: 'committed',
    });
    expect(after.seq).toBe(3);
    await stage.settle(service, ledger, { kept: unheard });
  },
);

it('says unavailable of a conversation whose turns it has no right to read, and never shows it empty', async () => {
  const service = await stage.start();
  const first = await ledger.turn(service, 'What is dropout?', { durability: 'committed' });
  const { conversationId } = first;
  expect((await service.request('POST', `/conversations/${conversationId}/end`)).status).toBe(200);
  const right = 'select on conversation_messages';
  mend.set(right, () => postgres.grant(right));
  await postgres.revoke(right);
  const calls = engine.calls;
  const refused = await ledger.ask(service, 'Who found it?', { conversationId });
  expectProblem(refused, 503, 'storage_unavailable');
  expect(engine.calls).toBe(calls);
  await postgres.grant(right);
  const after = await ledger.ask(service, 'Who found it, after all?', { conversationId });
  expect(after.body).toMatchObject({ seq: 2, history: { source: 'durable', turns_used: 1 } });
  await stage.settle(service, ledger, { kept: unheard });
});
