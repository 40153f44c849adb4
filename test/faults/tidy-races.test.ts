import { expect, it } from 'vitest';
import { Tidying } from '../../src/persistence/tidying.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { sweepNow } from '../support/admin.js';
import { archivedTurns } from '../support/archive-contents.js';
import { OwnClient } from '../support/conversations.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/faults.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { watchRedis } from '../support/redis-monitor.js';
import { createStage, redisIs } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { dirtyConversations } from '../support/verified.js';

const { redis, database, start, settle } = await createStage();
const limits = { ARCHIVE_AFTER_DAYS: '10', RETENTION_DAYS: '20' };
const service = await start({ ...JWT_VARIABLES, ...limits, AUTO_SYNC_TO_DB: 'false' });
// An instance that tidies over a link of its own, so that it alone can be held up.
const link = await createProxy(database.url);
const tidier = await start({
  ...JWT_VARIABLES,
  ...limits,
  DATABASE_URL: link.through(database.url),
});
const tidying = tidier.app.get(Tidying, { strict: false });
const ada = new OwnClient(service, bearer(await tokenOf('ada')));

/** A conversation of one turn without a session, archived for as long as it takes to be erased. */
async function expired(): Promise<string> {
  const { id } = await ada.say('What is attention?');
  await service.request('POST', `/conversations/${id}/end`, ada);
  await database.query(
    `update conversation_sessions
        set is_archived = true, archived_at = now() - interval '21 days',
            last_activity = now() - interval '100 days'
      where conversation_id = $1`,
    [id],
  );
  return id;
}

/** A conversation of one turn without a session, in which nothing was said for as long as it takes to be archived. */
async function idle(): Promise<string> {
  const id = await expired();
  await database.query(
    `update conversation_sessions set is_archived = false, archived_at = null where conversation_id = $1`,
    [id],
  );
  return id;
}

const stateOf = async (id: string) => {
  const [row] = await database.query<{ erased: boolean; is_archived: boolean }>(
    `select erased_at is not null as erased, is_archived from conversation_sessions
      where conversation_id = $1`,
    [id],
  );
  return row;
};

it('touches nothing that somebody uses, or that has turns which are not in Postgres', async () => {
  const [read, dirty] = [await expired(), await expired()];
  await ada.say('And then?', dirty);
  expect(await dirtyConversations(redis.client)).toEqual([dirty]);
  // It has a session, and nothing unsynced.
  await service.request('POST', `/conversations/${read}/end`, ada);
  const recalled = await service.chat(
    { query: 'And then?', meta_params: { conversation_id: read } },
    { ...ada.headers, 'if-match': '"7"' },
  );
  expect(recalled.status).toBe(412);
  expect(await tidying.dryRun()).toEqual({ archived: 0, erased: 0 });
  expect(await tidying.run()).toEqual({ archived: 0, erased: 0 });
  for (const id of [read, dirty]) expect(await stateOf(id)).toMatchObject({ erased: false });
  await settle(service, new Ledger(), { kept: 3 });
  expect(await stateOf(dirty)).toEqual({ erased: false, is_archived: false });
});

it('keeps a turn that is accepted right before its conversation would be erased', async () => {
  const id = await expired();
  const held = link.holdOnce('for update');
  const run = tidying.run();
  await held.reached;
  const { turnId } = await ada.say('Still there?', id);
  held.release();
  expect(await run).toMatchObject({ erased: 0 });
  expect(await stateOf(id)).toEqual({ erased: false, is_archived: false });
  expect((await ada.turn(id, turnId)).body).toMatchObject({ question: 'Still there?', seq: 2 });
  expect((await ada.turns(id)).body.data).toHaveLength(2);
  // Redis has it again as soon as it is talked in.
  await ada.say('And now?', id);
  expect(await dirtyConversations(redis.client)).toEqual([id]);
});

it('keeps a turn that is accepted although what keeps its session away has lapsed meanwhile', async () => {
  const id = await expired();
  const held = link.holdOnce('for update');
  const run = tidying.run();
  await held.reached;
  // As when its minute is over.
  await redis.client.del(conversationKeys(id).meta);
  const { turnId } = await ada.say('Still there?', id);
  expect(await dirtyConversations(redis.client)).toContain(id);
  held.release();
  expect(await run).toMatchObject({ erased: 0 });
  await sweepNow(service);
  expect(await stateOf(id)).toEqual({ erased: false, is_archived: false });
  expect((await ada.turn(id, turnId)).body).toMatchObject({ question: 'Still there?', seq: 2 });
});

it('brings back what it archives while a turn of it is accepted', async () => {
  const id = await idle();
  const held = link.holdOnce('for update skip locked');
  const run = tidying.run();
  await held.reached;
  await ada.say('Still there?', id);
  expect(await dirtyConversations(redis.client)).toContain(id);
  held.release();
  await run;
  await sweepNow(service);
  expect(await stateOf(id)).toEqual({ erased: false, is_archived: false });
});

it('archives nothing that has a turn by the time that its row is locked', async () => {
  const id = await idle();
  const held = link.holdOnce('for update skip locked');
  const run = tidying.run();
  await held.reached;
  await ada.say('Still there?', id);
  await sweepNow(service);
  held.release();
  expect(await run).toMatchObject({ archived: 0 });
  expect(await stateOf(id)).toEqual({ erased: false, is_archived: false });
});

it('refuses a turn that comes right after its conversation was erased, although the one who did died of it', async () => {
  const id = await expired();
  const lost = link.loseReplyOnce('commit');
  const run = tidying.run();
  await lost;
  await expect(run).rejects.toMatchObject({ code: 'storage_unavailable' });
  const meta_params = { conversation_id: id };
  const reply = await service.chat({ query: 'Still there?', meta_params }, ada.headers);
  expectProblem(reply, 404, 'conversation_not_found');
  expect(await archivedTurns(database, id)).toEqual([]);
  await eventually(async () => {
    expect(await tidying.run()).toEqual({ archived: 0, erased: 0 });
  });
});

it('does not even look while another instance is at it', async () => {
  await database.query(
    `insert into task_leases (task, holder, expires_at)
     values ('tidy', gen_random_uuid(), now() + interval '1 minute')`,
  );
  const looked = link.holdOnce('from conversation_sessions');
  const run = tidying.run();
  expect(await Promise.race([run, looked.reached.then(() => 'it looks')])).toBeNull();
  looked.release();
  await run;
  await database.query('delete from task_leases');
});

it('erases several at once without a second look at their sessions, and leaves alone what has one', async () => {
  const ids = [await expired(), await expired(), await expired()];
  await ada.say('Still there?', ids[0]);
  const watched = await watchRedis(redis.directUrl);
  expect(await tidying.run()).toMatchObject({ erased: 2 });
  const states = await Promise.all(ids.map(stateOf));
  expect(states.map((state) => state!.erased)).toEqual([false, true, true]);
  expect(await watched.commands()).not.toContain(`evalsha ${SCRIPTS.inspect.sha}`);
});

it('does nothing while Redis cannot say who uses what, and goes on when it can', async () => {
  const id = await expired();
  redis.proxy.refuse();
  await redisIs('away', tidier);
  await expect(tidying.run()).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await stateOf(id)).toMatchObject({ erased: false });
  redis.proxy.pass();
  await redisIs('up', tidier);
  await tidying.run();
  expect(await stateOf(id)).toMatchObject({ erased: true });
});
