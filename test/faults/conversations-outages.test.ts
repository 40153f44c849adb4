import { afterEach, expect, it } from 'vitest';
import { OwnClient } from '../support/conversations.js';
import { databaseIs } from '../support/database-health.js';
import { eventually } from '../support/eventually.js';
import { createPostgresStage } from '../support/postgres-stage.js';
import { expectProblem } from '../support/problem.js';
import { expectVerified } from '../support/verified.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const stage = await createPostgresStage();
const { postgres, redis } = stage;
const service = await stage.start({ ...JWT_VARIABLES, MAX_MESSAGES_PER_SESSION: '3' });
const other = await stage.start(JWT_VARIABLES);
afterEach(() => postgres.makeWritable());

const settled = () => service.admin('POST', '/admin/sync');

it('lists what Postgres does not take, in its place, whoever accepted it, and shows all of its turns', async () => {
  const ada = new OwnClient(service, bearer(await tokenOf('ada')));
  const elsewhere = new OwnClient(other, ada.headers);
  const first = await ada.say('What is attention?');
  const second = await ada.say('What is dropout?');
  await settled();
  await postgres.makeReadOnly();
  const third = await ada.say('What is a token?');
  await elsewhere.say('And then?', first.id);
  const expected = [
    { conversation_id: first.id, title: 'What is attention?', turn_count: 2 },
    { conversation_id: third.id, title: 'What is a token?', turn_count: 1 },
    { conversation_id: second.id, title: 'What is dropout?', turn_count: 1 },
  ];
  for (const own of [ada, elsewhere]) {
    // What another instance has accepted is looked for once flushes are late.
    await eventually(async () => {
      expect((await own.list()).body.data).toMatchObject(expected);
    });
    expect(await own.everything(1)).toMatchObject(expected);
    expect((await own.turns(first.id)).body.data).toMatchObject([
      { seq: 1, durability: 'committed' },
      { seq: 2, durability: 'accepted' },
    ]);
  }
  expect((await ada.list('?archived=true')).body.data).toEqual([]);
  expectProblem(await ada.change(first.id, { title: 'Mine' }), 503, 'storage_unavailable');
  expectProblem(await ada.change(third.id, { title: 'Mine' }), 503, 'storage_unavailable');

  await postgres.makeWritable();
  expect((await ada.change(third.id, { title: 'Mine' })).body).toMatchObject({ title: 'Mine' });
  expect((await ada.list()).body.data).toMatchObject(
    expected.map((each) => (each.conversation_id === third.id ? { ...each, title: 'Mine' } : each)),
  );
  await expectVerified(service, redis);
});

it('shows what the session has while Postgres is away, and says unavailable of all else', async () => {
  const ada = new OwnClient(service, bearer(await tokenOf('bea')));
  const old = await ada.say('Question 1');
  for (const n of [2, 3, 4, 5]) await ada.say(`Question ${n}`, old.id);
  await settled();
  await postgres.shutDown();
  await databaseIs('away', service);
  const fresh = await ada.say('What is attention?');
  await ada.say('And then?', fresh.id);

  expect((await ada.turns(old.id, '?limit=2')).body).toMatchObject({
    data: [{ seq: 4 }, { seq: 5 }],
    next_before: 4,
  });
  expect((await ada.turns(fresh.id)).body).toMatchObject({
    data: [
      { seq: 1, durability: 'accepted' },
      { seq: 2, durability: 'accepted' },
    ],
    next_before: null,
  });
  expect((await ada.read(fresh.id)).body).toMatchObject({
    title: 'What is attention?',
    turn_count: 2,
  });
  for (const reply of [
    await ada.turns(old.id, '?before=3'),
    await ada.turns(old.id, '?limit=4'),
    await ada.read(old.id),
    await ada.list(),
    await ada.change(fresh.id, { title: 'Mine' }),
    await new OwnClient(service, bearer(await tokenOf('eve'))).turns(fresh.id),
  ]) {
    expectProblem(reply, 503, 'storage_unavailable');
  }
  await postgres.restart();
  await databaseIs('up', service);
  expect((await ada.turns(old.id, '?limit=4')).body.data).toHaveLength(4);
  await expectVerified(service, redis);
});
