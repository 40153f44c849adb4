import { expect, it } from 'vitest';
import { SCRIPTS } from '../../src/session/scripts.js';
import { OwnClient } from '../support/conversations.js';
import { createFaultyRedis } from '../support/faults.js';
import { startService } from '../support/service.js';
import { createDatabase } from '../support/stores.js';

const redis = await createFaultyRedis();
const database = await createDatabase();
const mode = { HISTORY_MODE: 'redis', DATABASE_URL: database.url };
// One that is held up on its way to Redis, and one that is not.
const service = await startService({ ...mode, REDIS_URL: redis.url });
const other = await startService({ ...mode, REDIS_URL: redis.directUrl });
const own = new OwnClient(service);
const elsewhere = new OwnClient(other);

const archived = async () => {
  const { id } = await own.say('What is attention?');
  await own.change(id, { is_archived: true });
  return id;
};

it('does not archive a conversation again of which a turn brings it back while it is renamed', async () => {
  const id = await archived();
  const held = redis.proxy.holdOnce('For the exam');
  const renamed = own.change(id, { title: 'For the exam' });
  await held.reached;
  await elsewhere.say('And then?', id);
  held.release();
  const said = { title: 'For the exam', is_archived: false, turn_count: 2 };
  expect(await renamed).toMatchObject({ status: 200, body: said });
  expect((await own.read(id)).body).toMatchObject(said);
});

it('archives a conversation that is put away right after a turn', async () => {
  const id = await archived();
  const held = redis.proxy.holdOnce(SCRIPTS.change.sha);
  const changed = own.change(id, { is_archived: true });
  await held.reached;
  await elsewhere.say('And then?', id);
  held.release();
  expect((await changed).body).toMatchObject({ is_archived: true, turn_count: 2 });
});

it('ends a conversation as a turn that comes in meanwhile has left it', async () => {
  const id = await archived();
  const held = redis.proxy.holdOnce(SCRIPTS.recall.sha);
  const ended = service.request('POST', `/conversations/${id}/end`);
  await held.reached;
  await elsewhere.say('And then?', id);
  held.release();
  expect(await ended).toMatchObject({ status: 200, body: { is_archived: false, turn_count: 2 } });
  const rows = await database.query(
    'select is_archived, turn_count from conversation_sessions where conversation_id = $1',
    [id],
  );
  expect(rows).toEqual([{ is_archived: false, turn_count: '2' }]);
});

it('says of a conversation that it ends how many turns it had', async () => {
  const alone = await startService({ HISTORY_MODE: 'redis', REDIS_URL: redis.url });
  const { id } = await own.say('What is attention?');
  const held = redis.proxy.holdOnce(SCRIPTS.recall.sha);
  const ended = alone.request('POST', `/conversations/${id}/end`);
  await held.reached;
  await elsewhere.say('And then?', id);
  held.release();
  expect(await ended).toMatchObject({ status: 200, body: { turn_count: 2 } });
});
