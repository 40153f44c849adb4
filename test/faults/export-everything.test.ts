import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { aKey } from '../support/encryption.js';
import { conversationsOf, takeAll } from '../support/export.js';
import type { HttpClient } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load } from '../support/load.js';
import { expectProblem } from '../support/problem.js';
import { createProcessStage } from '../support/process-stage.js';
import { redisIs } from '../support/stage.js';
import { databaseIs } from '../support/database-health.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { expectVerified } from '../support/verified.js';

const stage = await createProcessStage();
const { redis, database } = stage;
const one = await stage.start(JWT_VARIABLES);
// What it accepts stays in Redis alone.
const hoarder = await stage.start({ ...JWT_VARIABLES, AUTO_SYNC_TO_DB: 'false' });
const instances = [one, hoarder];

// As the export asks for turns, some hundred at a time.
const PAGE_OF_TURNS = 'row_number() over before_it';

let users = 0;
const newUser = async () => {
  const name = `user-${++users}`;
  return { name, headers: bearer(await tokenOf(name)) };
};
type User = Awaited<ReturnType<typeof newUser>>;

const ask = (service: HttpClient, { headers }: User, query: string, conversation_id?: string) =>
  service.chat({ query, meta_params: { conversation_id: conversation_id ?? null } }, headers);

/** Megabytes of a user, written past the service. */
async function fillArchive({ name }: User, conversations: number, turns: number): Promise<void> {
  await database.query(
    `insert into conversation_sessions (conversation_id, user_id, turn_count)
     select gen_random_uuid(), $1, $3 from generate_series(1, $2::integer)`,
    [name, conversations, turns],
  );
  await database.query(
    `insert into conversation_messages (conversation_id, seq, question, answer, context)
     select conversation_id, seq, 'question ' || seq, repeat(md5(random()::text), 300), 'null'
       from conversation_sessions, generate_series(1, $2::integer) as seq where user_id = $1`,
    [name, turns],
  );
}

/** An export of which only the beginning is taken at first. */
async function beginExport(service: HttpClient, { headers }: User) {
  const stop = new AbortController();
  const url = `${service.url}/me/export`;
  const response = await fetch(url, { headers, signal: stop.signal });
  expect(response.status).toBe(200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  return {
    stop: () => stop.abort(),
    rest: async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += value;
      }
    },
    get text() {
      return text;
    },
  };
}

/** An export that has come to its second page of turns, which is held; it is read as it comes. */
async function beginTwoPages(user: User) {
  const first = one.postgresLink.holdOnce(PAGE_OF_TURNS);
  const begun = beginExport(one, user);
  await first.reached;
  const second = one.postgresLink.holdOnce(PAGE_OF_TURNS);
  first.release();
  const taking = await begun;
  // Nobody asks for a second page of whom the network does not take the first.
  const taken = Promise.allSettled([taking.rest()]).then(([rest]) => rest);
  await second.reached;
  return { taking, taken, second };
}

const busyConnections = async () => {
  const rows = await database.query(
    `select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'openta-conversations' and state <> 'idle'`,
  );
  return rows.length;
};

it('gives what only Redis has, in the place that it will have', async () => {
  const user = await newUser();
  const { body } = await ask(one, user, 'What is attention?');
  const id = body.conversation_id!;
  await expectVerified(one, redis);
  for (const query of ['Why?', 'And then?']) await ask(hoarder, user, query, id);
  await ask(hoarder, user, 'What is a layer?');
  const taken = await takeAll(one, user.headers);
  const places = Object.fromEntries(
    taken.map(({ title, turn_count, turns }) => [
      title,
      [turn_count, ...turns.map(({ seq, durability }) => `${seq} ${durability}`)],
    ]),
  );
  expect(places).toEqual({
    'What is attention?': [3, '1 committed', '2 committed', '3 committed'],
    'What is a layer?': [1, '1 committed'],
  });
});

it('gives what Postgres does not take now out of Redis, behind what is archived', async () => {
  const user = await newUser();
  const { body } = await ask(one, user, 'What is dropout?');
  await expectVerified(one, redis);
  await database.query(
    `create function refuse() returns trigger language plpgsql as
     $$ begin raise exception 'no' using errcode = '25006'; end $$;
     create trigger refuse before insert on conversation_messages
        for each statement execute function refuse()`,
  );
  for (let turn = 2; turn <= 700; turn++) {
    await ask(hoarder, user, `question ${turn}`, body.conversation_id!);
  }
  await ask(hoarder, user, 'What is a seed?');
  const taken = await takeAll(hoarder, user.headers);
  await database.query('drop function refuse cascade');
  const [long, short] = taken.toSorted((a, b) => b.turns.length - a.turns.length);
  expect(long!.turn_count).toBe(700);
  expect(long!.turns.map(({ seq }) => seq)).toEqual(long!.turns.map((_, index) => index + 1));
  expect(long!.turns.map(({ question }) => question)).toEqual([
    'What is dropout?',
    ...Array.from({ length: 699 }, (_, index) => `question ${index + 2}`),
  ]);
  expect(long!.turns.map(({ durability }) => durability)).toEqual([
    'committed',
    ...Array.from({ length: 699 }, () => 'accepted'),
  ]);
  expect(short).toMatchObject({
    title: 'What is a seed?',
    turn_count: 1,
    turns: [{ seq: 1, durability: 'accepted' }],
  });
  await expectVerified(one, redis);
  for (const { turns } of await takeAll(one, user.headers)) {
    expect(new Set(turns.map(({ durability }) => durability))).toEqual(new Set(['committed']));
  }
});

it('gives dead letters behind the others, without a place', async () => {
  const user = await newUser();
  await database.query(
    `alter table conversation_messages add constraint refused check (question not like '%forbidden%') not valid`,
  );
  const { body } = await ask(hoarder, user, 'What is a token?');
  await ask(hoarder, user, 'a forbidden one', body.conversation_id!);
  await ask(hoarder, user, 'And then?', body.conversation_id!);
  const taken = await takeAll(one, user.headers);
  await database.query('alter table conversation_messages drop constraint refused');
  expect(taken).toHaveLength(1);
  expect(taken[0]!.turns.map(({ seq, question }) => [seq, question])).toEqual([
    [1, 'What is a token?'],
    [2, 'And then?'],
    [null, 'a forbidden one'],
  ]);
});

it('gives all that was acknowledged before, and nothing twice, under load through two instances', async () => {
  const user = await newUser();
  const ledger = new Ledger();
  const ids = await beginMany(ledger, instances, 8, { headers: user.headers });
  const load = new Load(ledger, instances, ids, { headers: user.headers });
  await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(80));
  for (const service of [one, hoarder, one]) {
    const before = [...ledger.acknowledged];
    // A busy machine may take Redis for away for a moment.
    const taken = await eventually(() => takeAll(service, user.headers));
    const turns = taken.flatMap((each) => each.turns);
    const given = new Set(turns.map(({ id }) => id));
    expect(given.size).toBe(turns.length);
    expect(before.filter(({ turnId }) => !given.has(turnId))).toEqual([]);
    for (const { turn_count, turns: own } of taken) {
      expect(own.map(({ seq }) => seq)).toEqual(own.map((_, index) => index + 1));
      expect(own).toHaveLength(turn_count);
    }
  }
  await load.stop();
  await expectVerified(one, redis);
});

it('says unavailable, and never gives a part for the whole, when either store is away', async () => {
  const user = await newUser();
  await ask(hoarder, user, 'What is a layer?');
  const { headers } = user;
  one.redisLink.refuse();
  await redisIs('away', one);
  const withoutRedis = await one.request('GET', '/me/export', { headers });
  expectProblem(withoutRedis, 503, 'storage_unavailable');
  one.redisLink.pass();
  await redisIs('up', one);
  one.postgresLink.refuse();
  const withoutPostgres = await one.request('GET', '/me/export', { headers });
  expectProblem(withoutPostgres, 503, 'storage_unavailable');
  one.postgresLink.pass();
  await databaseIs('up', one);
  expect(await takeAll(one, headers)).toHaveLength(1);
});

it('breaks the connection, without the last line, when Postgres goes away in the middle', async () => {
  const user = await newUser();
  await fillArchive(user, 300, 10);
  const { taking, taken } = await beginTwoPages(user);
  one.postgresLink.refuse();
  expect(await taken).toMatchObject({ status: 'rejected' });
  expect(taking.text).not.toContain('"type":"end"');
  one.postgresLink.pass();
  await databaseIs('up', one);
  expect(await takeAll(one, user.headers)).toHaveLength(300);
  expect(one.output()).toContain('an export was cut off (storage_unavailable)');
});

it('holds nothing while its reader is slow, and ends when that one goes away', async () => {
  const user = await newUser();
  await fillArchive(user, 300, 10);
  const readers = await Promise.all(Array.from({ length: 12 }, () => beginExport(one, user)));
  // More of them than there are connections, and others are served.
  await eventually(async () => expect(await busyConnections()).toBe(0));
  expect((await ask(one, await newUser(), 'What is a seed?')).status).toBe(200);
  const [first, ...others] = readers;
  for (const reader of others) reader.stop();
  expect(conversationsOf(await first!.rest())).toHaveLength(300);
  await eventually(async () => expect(await busyConnections()).toBe(0));
  expect(one.output()).not.toContain('cut off (internal)');
});

it('ends cleanly, with whole turns, when everything is erased meanwhile', async () => {
  const user = await newUser();
  await fillArchive(user, 300, 10);
  const { taking, taken, second } = await beginTwoPages(user);
  const { headers } = user;
  expect(await hoarder.request('DELETE', '/me/data', { headers })).toMatchObject({
    status: 200,
    body: { conversations: 300, turns: 3000 },
  });
  second.release();
  expect(await taken).toMatchObject({ status: 'fulfilled' });
  const conversations = conversationsOf(taking.text);
  expect(conversations.length).toBeLessThan(300);
  const lengths = conversations.flatMap(({ turns }) => turns.map(({ answer }) => answer!.length));
  expect(new Set(lengths)).toEqual(new Set([32 * 300]));
  expect(await takeAll(one, headers)).toEqual([]);
});

it('gives what it cannot decrypt without its texts, and everything else as it is', async () => {
  const user = await newUser();
  const [old, lost] = [aKey('old'), aKey('lost')];
  const writer = await stage.start({ ...JWT_VARIABLES, ENCRYPTION_KEYS: `${lost},${old}` });
  const reader = await stage.start({ ...JWT_VARIABLES, ENCRYPTION_KEYS: old });
  const { body } = await ask(one, user, 'What is attention?');
  const id = body.conversation_id!;
  expect((await ask(writer, user, 'a sealed question', id)).status).toBe(200);
  await ask(writer, user, 'another sealed one');
  const readable = await takeAll(writer, user.headers);
  expect(JSON.stringify(readable)).not.toContain('unreadable');
  const taken = await takeAll(reader, user.headers);
  const [mixed, sealed] = [
    taken.find(({ conversation_id }) => conversation_id === id)!,
    taken.find(({ conversation_id }) => conversation_id !== id)!,
  ];
  expect(mixed).toMatchObject({ title: 'What is attention?', turn_count: 2 });
  expect(mixed.turns[0]).toMatchObject({ question: 'What is attention?' });
  expect(mixed.turns[0]).not.toHaveProperty('unreadable');
  expect(mixed.turns[1]).toMatchObject({
    seq: 2,
    question: null,
    answer: null,
    metadata: null,
    model: 'fake-llm',
    unreadable: true,
  });
  expect(sealed).toMatchObject({ title: null, unreadable: true, turns: [{ unreadable: true }] });
});
