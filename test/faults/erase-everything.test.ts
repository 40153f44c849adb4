import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import type { DeadLetterList } from '../../src/admin/admin.dto.js';
import type { ErasedDto } from '../../src/conversations/me.dto.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { everyRow } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { databaseIs } from '../support/database-health.js';
import { createProxy } from '../support/faults.js';
import type { HttpClient } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load } from '../support/load.js';
import { expectProblem } from '../support/problem.js';
import { createProcessStage } from '../support/process-stage.js';
import { contentKeys, everythingIn } from '../support/redis-contents.js';
import { redisIs } from '../support/stage.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';
import { expectVerified } from '../support/verified.js';

const stage = await createProcessStage();
const { redis, database, engine } = stage;

/** An instance with a way of its own to the engine: a turn of it can be held there. */
async function start(variables: Record<string, string> = {}) {
  const engineLink = await createProxy(engine.stub.baseUrl);
  const OPENAI_BASE_URL = engineLink.through(engine.stub.baseUrl);
  const instance = await stage.start({ ...JWT_VARIABLES, OPENAI_BASE_URL, ...variables });
  return { ...instance, engineLink };
}

const [one, two] = [await start(), await start()];
// What it accepts stays in Redis alone.
const hoarder = await start({ AUTO_SYNC_TO_DB: 'false' });
const alone = await start({ HISTORY_MODE: 'database' });
const hot = await start({ HISTORY_MODE: 'redis' });
const instances = [one, two, hoarder];

const CANARY = 'canary-4711';
let users = 0;

/** A user whom no other test knows. */
async function newUser() {
  const name = `user-${++users}-${CANARY}`;
  return { name, headers: bearer(await tokenOf(name)) };
}
type User = Awaited<ReturnType<typeof newUser>>;

const erase = (service: HttpClient, { headers }: User) =>
  service.request<ErasedDto>('DELETE', '/me/data', { headers });

/** Erases, again and again while somebody holds what is to be erased. */
async function eraseAll(service: HttpClient, user: User): Promise<ErasedDto> {
  return eventually(async () => {
    const { status, body } = await erase(service, user);
    expect(status).toBe(200);
    return body;
  });
}

const ask = (service: HttpClient, { headers }: User, query: string, conversation_id?: string) =>
  service.chat({ query, meta_params: { conversation_id: conversation_id ?? null } }, headers);

/** Neither store has anything of the user but tombstones, which name nobody; nor has it after sweeps and outages. */
async function expectNothingOf({ name, headers }: User): Promise<void> {
  for (const each of instances) await redisIs('up', each);
  await expectVerified(two, redis);
  for (const { redisLink } of instances) redisLink.refuse();
  for (const each of instances) await redisIs('away', each);
  for (const { redisLink } of instances) redisLink.pass();
  for (const each of instances) await redisIs('up', each);
  await expectVerified(two, redis);
  const kept = `${await everyRow(database)}\n${await everythingIn(redis)}`;
  expect(kept.includes(name)).toBe(false);
  for (const service of instances) {
    const { status, body } = await service.request<string>('GET', '/me/export', { headers });
    expect({ status, body }).toEqual({
      status: 200,
      body: '{"type":"end","conversations":0,"turns":0}\n',
    });
  }
  expect((await eraseAll(hoarder, { name, headers })).conversations).toBe(0);
}

/** Keys that hold something of this conversation, or stand for one of its turns. */
async function keysOf(client: Redis, conversationIds: readonly string[]): Promise<string[]> {
  const keys = await contentKeys(client);
  return keys.filter((key) => conversationIds.some((id) => key.includes(`${id}:turns`)));
}

it('erases one of two users under the load of both, through three instances', async () => {
  const [gone, kept] = [await newUser(), await newUser()];
  const ledgers = [new Ledger(), new Ledger()] as const;
  const loads: Load[] = [];
  const ids: string[][] = [];
  for (const [index, { headers, name }] of [gone, kept].entries()) {
    const ledger = ledgers[index]!;
    ids.push(await beginMany(ledger, instances, 9, { headers }));
    loads.push(new Load(ledger, instances, ids[index]!, { headers }, name));
  }
  await eventually(() => {
    for (const { acknowledged } of ledgers) expect(acknowledged.length).toBeGreaterThan(60);
  });
  const erased = await eraseAll(one, gone);
  const erasedMs = performance.now();
  expect(erased.conversations).toBe(9);
  expect(erased.turns).toBeGreaterThan(9);
  const refusedBefore = loads[0]!.refused.length;
  await eventually(() => expect(loads[0]!.refused.length).toBeGreaterThan(refusedBefore + 60));
  for (const load of loads) await load.stop();
  expect(ledgers[0].acknowledged.filter(({ askedMs }) => askedMs > erasedMs)).toEqual([]);
  expect(loads[0]!.refused.filter(({ status }) => status === 404).length).toBeGreaterThan(60);
  expect(loads.map(({ broken }) => broken)).toEqual([0, 0]);
  // A busy machine may take Redis for away for a moment; turns that were then written around it overtook others.
  expect(
    loads.flatMap(({ refused }) => refused).filter(({ status }) => ![404, 503].includes(status)),
  ).toEqual([]);
  expect(loads[1]!.refused.filter(({ status }) => status !== 503)).toEqual([]);
  await expectNothingOf(gone);
  expect(await keysOf(redis, ids[0]!)).toEqual([]);
  const { overtaking: _, ...differences } = await ledgers[1].compare(database);
  expect(differences).toEqual({ lost: [], doubled: [], reordered: [] });
});

it('lets no conversation begin whose first turn was under way, in either store or mode', async () => {
  const user = await newUser();
  const around = two;
  around.redisLink.refuse();
  await redisIs('away', around);
  const all = [one, hoarder, around, alone, hot];
  const held = all.map(({ engineLink }) => engineLink.holdOnce('/chat/completions'));
  const turns = all.map((service) => ask(service, user, CANARY));
  await Promise.all(held.map(({ reached }) => reached));
  await eraseAll(one, user);
  for (const each of held) each.release();
  for (const turn of await Promise.all(turns)) expectProblem(turn, 404, 'conversation_not_found');
  around.redisLink.pass();
  await redisIs('up', around);
  await expectNothingOf(user);
});

it('answers a first turn that began before and after as ever', async () => {
  const user = await newUser();
  expect((await ask(one, user, 'What is a seed?')).status).toBe(200);
  expect((await eraseAll(one, user)).conversations).toBe(1);
  const { status, body } = await ask(two, user, 'What is a layer?');
  expect(status).toBe(200);
  expect(await ask(hoarder, user, 'And?', body.conversation_id!)).toMatchObject({
    status: 200,
    body: { seq: 2 },
  });
  expect((await eraseAll(one, user)).turns).toBe(2);
  await expectNothingOf(user);
});

it('lets no turn of a known conversation be kept that was under way', async () => {
  const user = await newUser();
  const begun = await ask(one, user, `What is ${CANARY}?`);
  const held = one.engineLink.holdOnce('/chat/completions');
  const turn = ask(one, user, `And ${CANARY}?`, begun.body.conversation_id!);
  await held.reached;
  expect((await eraseAll(two, user)).conversations).toBe(1);
  held.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  await expectNothingOf(user);
});

it.each([
  ['its transaction', () => one.postgresLink.holdOnce('set local lock_timeout')],
  ['its word to Redis', () => one.redisLink.holdOnce(SCRIPTS.acknowledge.sha)],
])('erases what a flush is about to archive, and %s comes late', async (_, hold) => {
  const user = await newUser();
  const held = hold();
  const begun = await ask(one, user, `What is ${CANARY}?`);
  expect(begun.body.durability).toBe('accepted');
  await held.reached;
  expect(await eraseAll(two, user)).toMatchObject({ conversations: 1, turns: 1, sessions: 1 });
  held.release();
  await expectNothingOf(user);
});

it('erases while a session is being restored', async () => {
  const user = await newUser();
  const { body } = await ask(one, user, `What is ${CANARY}?`);
  const path = `/conversations/${body.conversation_id}/end`;
  expect((await one.request('POST', path, { headers: user.headers })).status).toBe(200);
  const held = one.redisLink.holdOnce(SCRIPTS.restore.sha);
  const turn = ask(one, user, `And ${CANARY}?`, body.conversation_id!);
  await held.reached;
  expect(await eraseAll(two, user)).toMatchObject({ conversations: 1, turns: 1, sessions: 0 });
  held.release();
  expectProblem(await turn, 404, 'conversation_not_found');
  await expectNothingOf(user);
});

it('is finished by another call when the instance is killed half-way', async () => {
  const user = await newUser();
  const ledger = new Ledger();
  const killed = await stage.start(JWT_VARIABLES);
  const ids = await beginMany(ledger, [one, hoarder], 30, { headers: user.headers });
  const held = killed.redisLink.holdOnce(SCRIPTS.erase.sha);
  const erasing = erase(killed, user).catch(() => null);
  await held.reached;
  killed.kill('SIGKILL');
  await killed.exited;
  expect(await erasing).toBeNull();
  expect(await keysOf(redis, ids)).not.toEqual([]);
  await eraseAll(two, user);
  await expectNothingOf(user);
});

it('may be asked for twice at once', async () => {
  const user = await newUser();
  await beginMany(new Ledger(), instances, 40, { headers: user.headers });
  const erased = await Promise.all([eraseAll(one, user), eraseAll(two, user)]);
  expect(erased.reduce((sum, { conversations }) => sum + conversations, 0)).toBe(40);
  await expectNothingOf(user);
});

it('says unavailable when either store is away, and goes on from there when it is back', async () => {
  const user = await newUser();
  await beginMany(new Ledger(), [one, hoarder], 10, { headers: user.headers });
  one.redisLink.refuse();
  await redisIs('away', one);
  expectProblem(await erase(one, user), 503, 'storage_unavailable');
  one.redisLink.pass();
  await redisIs('up', one);
  one.postgresLink.refuse();
  expectProblem(await erase(one, user), 503, 'storage_unavailable');
  one.postgresLink.pass();
  await databaseIs('up', one);
  // In between, Redis goes away in the middle.
  const lost = one.redisLink.holdOnce(SCRIPTS.erase.sha);
  const cut = erase(one, user);
  await lost.reached;
  one.redisLink.refuse();
  const reply = await cut;
  if (reply.status !== 200) expectProblem(reply, 503, 'storage_unavailable');
  one.redisLink.pass();
  await redisIs('up', one);
  await eraseAll(one, user);
  await expectNothingOf(user);
});

it('erases dead letters, which nobody can retry any more', async () => {
  const user = await newUser();
  await database.query(
    `alter table conversation_messages add constraint refused check (question not like '%forbidden%') not valid`,
  );
  const { body } = await ask(hoarder, user, `a forbidden ${CANARY}`);
  await ask(hoarder, user, 'another one', body.conversation_id!);
  await expectVerified(hoarder, redis);
  await database.query('alter table conversation_messages drop constraint refused');
  const letters = await one.admin<DeadLetterList>('GET', '/admin/dead-letters');
  expect(letters.body.data).toHaveLength(1);
  const retry = `/admin/dead-letters/${letters.body.data[0]!.turn_id}/retry`;
  expect(await eraseAll(one, user)).toMatchObject({ conversations: 1, turns: 2 });
  expectProblem(await one.admin('POST', retry), 404, 'turn_not_found');
  await expectNothingOf(user);
});

it('erases what Redis had lost, and another instance still remembers', async () => {
  const user = await newUser();
  const { body } = await ask(hoarder, user, `What is ${CANARY}?`);
  expect(body.durability).toBe('accepted');
  await redis.flushall();
  expect((await eraseAll(one, user)).conversations).toBe(0);
  // Whatever an instance has of its own it archives when Redis goes away.
  await expectNothingOf(user);
});
