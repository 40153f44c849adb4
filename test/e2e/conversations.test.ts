import { describe, expect, it } from 'vitest';
import { OwnClient } from '../support/conversations.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const redis = await createRedis();
const database = await createDatabase();
const both = { REDIS_URL: redis.url, DATABASE_URL: database.url };
const NOBODYS = '5e0cba5c-6e67-4f6f-8f0f-3d6f3b0a9c11';

const userOf = async (service: Awaited<ReturnType<typeof startService>>, name: string) =>
  new OwnClient(service, bearer(await tokenOf(name)));

const keeping = [
  { mode: 'hybrid', durability: 'committed', variables: both },
  { mode: 'database', durability: 'committed', variables: { DATABASE_URL: database.url } },
  { mode: 'redis', durability: 'accepted', variables: { REDIS_URL: redis.url } },
] as const;

describe.each(keeping)('HISTORY_MODE=$mode', async ({ mode, durability, variables }) => {
  const service = await startService({ HISTORY_MODE: mode, ...variables, ...JWT_VARIABLES });
  const ada = await userOf(service, `ada in ${mode}`);

  it('shows a conversation, and says with 304 that nothing was said since', async () => {
    const { id } = await ada.say('What is attention?');
    await ada.say('Tell me more', id);
    const { status, headers, body } = await ada.read(id);
    expect(status).toBe(200);
    expect(body).toEqual({
      conversation_id: id,
      title: 'What is attention?',
      created_at: expect.stringMatching(/Z$/),
      last_activity: expect.stringMatching(/Z$/),
      turn_count: 2,
      is_archived: false,
      metadata: null,
    });
    expect(headers.get('etag')).toBe('"2"');
    const unchanged = await ada.read(id, { 'if-none-match': 'W/"1", "2"' });
    expect([unchanged.status, unchanged.body, unchanged.headers.get('etag')]).toEqual([
      304,
      '',
      '"2"',
    ]);
    await ada.say('And?', id);
    const changed = await ada.read(id, { 'if-none-match': '"2"' });
    expect(changed).toMatchObject({ status: 200, body: { turn_count: 3 } });
  });

  it('shows the turns of a conversation page by page, in either order', async () => {
    const { id, turnId } = await ada.say('Question 1');
    for (const n of [2, 3, 4, 5]) await ada.say(`Question ${n}`, id);
    const seqs = async (query: string) => {
      const { body } = await ada.turns(id, query);
      return [body.data.map(({ seq }) => seq), body.next_before];
    };
    expect(await seqs('')).toEqual([[1, 2, 3, 4, 5], null]);
    expect(await seqs('?limit=2')).toEqual([[4, 5], 4]);
    expect(await seqs('?limit=2&before=4&order=desc')).toEqual([[3, 2], 2]);
    expect(await seqs('?limit=2&before=2')).toEqual([[1], null]);
    expect(await seqs('?before=1')).toEqual([[], null]);
    expect(await seqs('?before=99&limit=1')).toEqual([[5], 5]);
    const [first] = (await ada.turns(id, '?before=2')).body.data;
    expect(first).toMatchObject({ id: turnId, question: 'Question 1', status: 'complete' });
    const turn = await ada.turn(id, turnId);
    expect(turn).toMatchObject({ status: 200, body: { id: turnId, seq: 1, durability } });
    expect(Object.keys(turn.body).toSorted()).toEqual(Object.keys(first!).toSorted());
  });

  it('knows no turn that is not in the conversation', async () => {
    const { id } = await ada.say('What is attention?');
    const other = await ada.say('What is dropout?');
    for (const turnId of [NOBODYS, other.turnId, 'no-uuid']) {
      expectProblem(await ada.turn(id, turnId), 404, 'turn_not_found');
      expectProblem(await ada.turn(NOBODYS, turnId), 404, 'conversation_not_found');
    }
  });

  it('renames, describes and archives a conversation, each by itself', async () => {
    const { id } = await ada.say('What is attention?');
    const renamed = await ada.change(id, { title: 'For the exam' });
    expect(renamed).toMatchObject({ status: 200, body: { title: 'For the exam', turn_count: 1 } });
    await ada.change(id, { metadata: { course: 'cs101', tags: ['a', 2] } });
    await ada.change(id, { is_archived: true });
    await ada.change(id, {});
    const described = { metadata: { course: 'cs101', tags: ['a', 2] }, is_archived: true };
    expect((await ada.read(id)).body).toMatchObject({ title: 'For the exam', ...described });
    await ada.change(id, { title: null, metadata: null, is_archived: false });
    const bare = { title: null, metadata: null, is_archived: false };
    expect((await ada.read(id)).body).toMatchObject(bare);
  });

  it('brings an archived conversation back with its next turn', async () => {
    const { id } = await ada.say('What is attention?');
    await ada.change(id, { is_archived: true });
    await ada.say('One more', id);
    const ended = await service.request('POST', `/conversations/${id}/end`, ada);
    expect(ended).toMatchObject({ status: 200, body: { turn_count: 2, is_archived: false } });
  });

  it('refuses what is no description, and changes nothing', async () => {
    const { id } = await ada.say('What is attention?');
    for (const [path, value] of [
      ['title', ' '],
      ['title', 'x'.repeat(201)],
      ['title', 'nul\0'],
      ['title', 7],
      ['metadata', []],
      ['metadata', { long: 'x'.repeat(5000) }],
      ['is_archived', null],
      ['is_archived', 'yes'],
      ['owner', 'eve'],
    ] as const) {
      const problem = expectProblem(
        await ada.change(id, { [path]: value }),
        400,
        'invalid_request',
      );
      expect(problem.errors).toMatchObject([{ path }]);
    }
    expect((await ada.read(id)).body).toMatchObject({ title: 'What is attention?' });
  });

  it('refuses bounds that make no sense, and ignores what it does not know', async () => {
    const { id } = await ada.say('What is attention?');
    for (const [name, value] of [
      ['limit', '0'],
      ['limit', '201'],
      ['limit', 'many'],
      ['limit', '1e2'],
      ['limit', '1&limit=2'],
      ['before', '0'],
      ['before', '99999999999999999'],
      ['order', 'sideways'],
    ]) {
      const problem = expectProblem(
        await ada.turns(id, `?${name}=${value}`),
        400,
        'invalid_request',
      );
      expect(problem.errors).toMatchObject([{ path: name }]);
    }
    expect((await ada.turns(id, '?sort=no&limit=')).status).toBe(200);
  });

  it('keeps a conversation from everybody else', async () => {
    const { id, turnId } = await ada.say('What is attention?');
    const eve = await userOf(service, 'eve');
    for (const reply of [
      await eve.read(id),
      await eve.turns(id),
      await eve.turn(id, turnId),
      await eve.change(id, { title: 'Mine' }),
      await eve.read('no-uuid'),
    ]) {
      expectProblem(reply, 404, 'conversation_not_found');
    }
    expect((await ada.read(id)).body).toMatchObject({ title: 'What is attention?' });
  });

  if (mode === 'redis') return;

  it('lists a user’s conversations, the newest activity first, the archived ones apart', async () => {
    const bea = await userOf(service, `bea in ${mode}`);
    expect((await bea.list()).body).toEqual({ data: [], next_cursor: null });
    const ids = [];
    for (const n of [1, 2, 3]) ids.push((await bea.say(`Question ${n}`)).id);
    await bea.say('Tell me more', ids[0]);
    const listed = async (query: string) =>
      (await bea.list(query)).body.data.map((each) => each.conversation_id);
    expect(await listed('')).toEqual([ids[0], ids[2], ids[1]]);
    const [first] = (await bea.list('?limit=1')).body.data;
    expect(first).toEqual((await bea.read(ids[0]!)).body);
    await bea.change(ids[2]!, { is_archived: true });
    expect(await listed('')).toEqual([ids[0], ids[1]]);
    expect(await listed('?archived=true')).toEqual([ids[2]]);
    expect((await bea.everything(1)).map((each) => each.conversation_id)).toEqual([ids[0], ids[1]]);
  });

  it('refuses a cursor that no page gave', async () => {
    for (const query of ['?cursor=x', '?limit=0', '?limit=101', '?archived=maybe']) {
      const problem = expectProblem(await ada.list(query), 400, 'invalid_request');
      expect(problem.errors).toMatchObject([{ path: /\w+/.exec(query)![0] }]);
    }
  });

  it.each(['2026-02-30', '2026-02-29', '2026-04-31', '0000-01-01', '2026-00-10', '9999-12-32'])(
    'refuses a cursor with a day that there is not: %s',
    async (day) => {
      const forged = Buffer.from(`${day}T00:00:00.000000Z ${NOBODYS}`).toString('base64url');
      const problem = expectProblem(await ada.list(`?cursor=${forged}`), 400, 'invalid_request');
      expect(problem.errors).toMatchObject([{ path: 'cursor' }]);
    },
  );

  it('takes a cursor with any day that there is', async () => {
    for (const day of ['2024-02-29', '0001-01-01', '9999-12-31']) {
      for (const time of ['00:00:00.000000', '23:59:59.999999', '24:00:00.000000']) {
        const text = `${day}T${time}Z ${NOBODYS}`;
        const cursor = Buffer.from(text).toString('base64url');
        expect((await ada.list(`?cursor=${cursor}`)).status).toBe(200);
      }
    }
  });

  it('has nothing to list for callers without identity', async () => {
    const open = new OwnClient(await startService({ HISTORY_MODE: mode, ...variables }));
    expectProblem(await open.list(), 403, 'forbidden');
    const { id } = await open.say('What is attention?');
    expect((await open.change(id, { title: 'Anybody’s' })).body).toMatchObject({
      title: 'Anybody’s',
    });
  });
});

it('has no list of conversations with HISTORY_MODE=redis', async () => {
  const variables = { HISTORY_MODE: 'redis', ...both, ...JWT_VARIABLES };
  const ada = await userOf(await startService(variables), 'ada');
  expectProblem(await ada.list(), 409, 'not_in_this_mode');
  expectProblem(await ada.list('?limit=0'), 409, 'not_in_this_mode');
});

describe('HISTORY_MODE=client', async () => {
  const own = new OwnClient(await startService({ HISTORY_MODE: 'client' }));

  it('has no conversations, whatever is asked of them', async () => {
    for (const id of [NOBODYS, 'no-uuid']) {
      for (const reply of [
        await own.list('?limit=0'),
        await own.read(id),
        await own.turns(id, '?limit=0'),
        await own.turn(id, 'no-uuid'),
        await own.change(id, { title: 7 }),
      ]) {
        expectProblem(reply, 409, 'not_in_this_mode');
      }
    }
  });
});
