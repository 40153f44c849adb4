import { expect, it } from 'vitest';
import { OwnClient } from '../support/conversations.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createStage, redisIs } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const { redis, database, postgresLink, start, settle } = await createStage();
const service = await start(JWT_VARIABLES);
const other = await start({ ...JWT_VARIABLES, AUTO_SYNC_TO_DB: 'false' });
const ada = new OwnClient(service, bearer(await tokenOf('ada')));
const elsewhere = new OwnClient(other, ada.headers);

it('keeps both of two changes that come at once, whatever is flushed and restored meanwhile', async () => {
  const { id } = await elsewhere.say('What is attention?');
  for (let round = 1; round <= 10; round++) {
    const [, , ...replies] = await Promise.all([
      elsewhere.say('And then?', id),
      ada.say('And then?', id),
      ada.change(id, { title: `Title ${round}` }),
      elsewhere.change(id, { metadata: { round } }),
      service.request('POST', `/conversations/${id}/end`, ada),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    const said = { title: `Title ${round}`, metadata: { round } };
    for (const own of [ada, elsewhere]) expect((await own.read(id)).body).toMatchObject(said);
  }
  expect((await ada.read(id)).body.turn_count).toBe(21);
  await settle(service, new Ledger(), { kept: 21 });
});

it('keeps a change of which the reply was lost, and takes it again', async () => {
  const { id } = await ada.say('What is attention?');
  await ada.change(id, { metadata: { round: 1 } });
  const lost = postgresLink.loseReplyOnce('update conversation_sessions');
  const unsure = await ada.change(id, { title: 'For the exam' });
  await lost;
  expectProblem(unsure, 503, 'storage_unavailable');
  await eventually(async () => {
    expect((await ada.change(id, { title: 'For the exam' })).status).toBe(200);
  });
  const said = { title: 'For the exam', metadata: { round: 1 } };
  expect((await elsewhere.read(id)).body).toMatchObject(said);
});

it('changes nothing of a conversation that is erased meanwhile', async () => {
  const { id } = await ada.say('What is attention?');
  const [changed, erased] = await Promise.all([
    elsewhere.change(id, { title: 'Mine' }),
    service.request('DELETE', `/conversations/${id}`, ada),
  ]);
  expect(erased.status).toBe(204);
  expect([200, 404]).toContain(changed.status);
  expectProblem(await ada.change(id, { title: 'Mine' }), 404, 'conversation_not_found');
  const rows = await database.query(
    `select from conversation_sessions where conversation_id = $1 and title is not null`,
    [id],
  );
  expect(rows).toEqual([]);
});

it('changes and lists conversations while Redis is away, and takes none for missing that it alone may have', async () => {
  const { id } = await ada.say('What is attention?');
  const unflushed = await elsewhere.say('What is dropout?');
  redis.proxy.refuse();
  await redisIs('away', service);
  expect((await ada.change(id, { title: 'For the exam' })).body).toMatchObject({ turn_count: 1 });
  const listed = (await ada.list()).body.data.filter((each) => each.conversation_id === id);
  expect(listed).toMatchObject([{ title: 'For the exam' }]);
  expect((await ada.turns(id)).body.data).toMatchObject([{ seq: 1, durability: 'committed' }]);
  // Archived by the instance that has its second copy, or for all the others unknown.
  const read = await ada.read(unflushed.id);
  if (read.status !== 200) expectProblem(read, 503, 'storage_unavailable');
  redis.proxy.pass();
  await redisIs('up', service);
  expect((await ada.read(unflushed.id)).body).toMatchObject({ title: 'What is dropout?' });
  await ada.say('And then?', id);
  expect((await ada.read(id)).body).toMatchObject({ title: 'For the exam', turn_count: 2 });
});
