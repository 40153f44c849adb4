import { expect, it } from 'vitest';
import type { SearchHitsDto } from '../../src/conversations/search.dto.js';
import { archivedTurns } from '../support/archive-contents.js';
import { OwnClient } from '../support/conversations.js';
import { sweepNow } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.js';
import { createStage } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const { redis, database, engine, start } = await createStage();
// Flushes come with the sweep alone.
const variables = { ...JWT_VARIABLES, AUTO_SYNC_TO_DB: 'false', MAX_MESSAGES_PER_SESSION: '3' };
const [one, other] = [await start(variables), await start(variables)];
const ada = new OwnClient(one, bearer(await tokenOf('ada')));
const elsewhere = new OwnClient(other, ada.headers);

const pages = async (id: string, limit: number) => {
  const seen: [seq: number | null, question: string | null, durability: string][] = [];
  for (let before: number | null = 1000; before !== null;) {
    const { body }: Awaited<ReturnType<typeof ada.turns>> = await ada.turns(
      id,
      `?limit=${limit}&before=${before}`,
    );
    const page = body.data.map(({ seq, question, durability }) => [seq, question, durability]);
    seen.unshift(...(page as typeof seen));
    before = body.next_before;
  }
  return seen;
};

it('shows turns of both tiers in one dense order, each as safe as it is', async () => {
  const { id, turnId } = await ada.say('Question 1');
  for (const n of [2, 3, 4]) await ada.say(`Question ${n}`, id);
  await sweepNow(one);
  const last = await ada.say('Question 5', id);
  for (const n of [6, 7, 8, 9]) await ada.say(`Question ${n}`, id);
  expect(await archivedTurns(database, id)).toHaveLength(4);
  const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [
    n,
    `Question ${n}`,
    n <= 4 ? 'committed' : 'accepted',
  ]);
  for (const limit of [1, 2, 3, 4, 5, 200]) expect(await pages(id, limit)).toEqual(expected);
  expect((await ada.turn(id, turnId)).body).toMatchObject({ seq: 1, durability: 'committed' });
  expect((await ada.turn(id, last.turnId)).body).toMatchObject({ seq: 5, durability: 'accepted' });
  const { headers, body } = await ada.read(id);
  expect([headers.get('etag'), body.turn_count]).toEqual(['"9"', 9]);
  // To look at it has changed nothing.
  expect(await archivedTurns(database, id)).toHaveLength(4);
});

it('shows fewer turns on a page where they are large, and all of them page by page', async () => {
  const { id } = await ada.say('Question 1');
  for (const n of [2, 3]) await ada.say(`Question ${n}`, id);
  await sweepNow(one);
  engine.stub.always = { kind: 'text', text: 'Attention weighs everything. '.repeat(30_000) };
  const large = [4, 5, 6, 7, 8];
  for (const n of large) await ada.say(`Question ${n}`, id);
  const { body } = await ada.turns(id);
  expect(body.data.map(({ seq }) => seq)).toEqual([5, 6, 7, 8]);
  expect(body.next_before).toBe(5);
  expect((await pages(id, 200)).map(([seq]) => seq)).toEqual([1, 2, 3, ...large]);
});

it('shows a conversation that is not archived at all', async () => {
  const { id } = await ada.say('What is attention?');
  const { body } = await elsewhere.read(id);
  expect(body).toMatchObject({ title: 'What is attention?', turn_count: 1, is_archived: false });
  expect((await elsewhere.turns(id)).body.data).toMatchObject([{ seq: 1, durability: 'accepted' }]);
  expect(await archivedTurns(database, id)).toEqual([]);
});

it('lists a conversation on every instance as soon as its first turn is answered', async () => {
  for (const own of [ada, elsewhere]) {
    const { id } = await ada.say('What is dropout?');
    const [first] = (await own.list()).body.data;
    expect(first).toMatchObject({ conversation_id: id, turn_count: 1 });
  }
});

it('renames a conversation that is not archived yet, and no flush or restore undoes it', async () => {
  const { id } = await ada.say('What is attention?');
  const renamed = await elsewhere.change(id, { title: 'For the exam' });
  expect(renamed).toMatchObject({ status: 200, body: { title: 'For the exam', turn_count: 1 } });
  await ada.say('And then?', id);
  await sweepNow(one);
  expect((await ada.read(id)).body).toMatchObject({ title: 'For the exam', turn_count: 2 });
  await one.request('POST', `/conversations/${id}/end`, ada);
  await ada.say('And then?', id);
  expect((await ada.read(id)).body).toMatchObject({ title: 'For the exam', turn_count: 3 });
});

it('lists and finds what Redis has lost, although nobody has asked for it since', async () => {
  const listed = await ada.say('Where do zebras live?');
  await redis.client.flushall();
  expect((await ada.list()).body.data[0]).toMatchObject({
    conversation_id: listed.id,
    title: 'Where do zebras live?',
    turn_count: 1,
  });
  const found = await ada.say('Where do lemurs live?');
  await redis.client.flushall();
  const hits = await one.request<SearchHitsDto>('GET', '/conversations/search?q=lemurs', ada);
  expect(hits.body.data).toMatchObject([{ conversation_id: found.id }]);
});

it('says unavailable, and lists no less, where Redis has lost what Postgres does not take now', async () => {
  await database.query(
    `create function refuse() returns trigger language plpgsql as
     $$ begin raise exception 'no' using errcode = '25006'; end $$;
     create trigger refuse before insert on conversation_messages
        for each statement execute function refuse()`,
  );
  const { id } = await ada.say('Where do okapis live?');
  await redis.client.flushall();
  expectProblem(await ada.list(), 503, 'storage_unavailable');
  expectProblem(await ada.read(id), 503, 'storage_unavailable');
  await database.query('drop function refuse cascade');
  await eventually(async () => {
    expect((await ada.list()).body.data[0]).toMatchObject({ conversation_id: id, turn_count: 1 });
  });
});
