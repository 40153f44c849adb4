import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../src/chat/chat-reply.dto.js';
import { SCRIPTS } from '../../src/session/scripts.js';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import type { Reply } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { createStage, redisIs } from '../support/stage.js';

const RETRIES = 8;

const { redis, database, postgresLink, engine, start, settle } = await createStage();
const instances = [await start(), await start()];
const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]];
const withKey = (key: string) => ({ headers: { 'idempotency-key': key.replaceAll(' ', '-') } });

const expectReplay = (reply: Reply<ChatReply>, first: Reply<ChatReply>) => {
  expect(reply.status).toBe(200);
  expect(reply.headers.get('idempotency-replayed')).toBe('true');
  // Meanwhile it may have become safer than it was when the first reply was sent.
  const { durability: _, ...same } = first.body as object & { durability: string };
  expect(reply.body).toMatchObject(same);
};

it('calls the engine once and keeps one row for parallel retries through two instances', async () => {
  const ledger = new Ledger();
  engine.stub.always = { kind: 'delay', ms: 200 };
  const asked = Array.from({ length: RETRIES }, (_, index) =>
    ledger.ask(instances[index % 2]!, 'in parallel', withKey('parallel')),
  );
  const replies = await Promise.all(asked);
  engine.stub.always = null;
  const answered = replies.filter(({ status }) => status === 200);
  const refused = replies.filter(({ status }) => status !== 200);
  for (const each of refused) expectProblem(each, 409, 'idempotency_in_progress');
  expect(answered.length).toBeGreaterThan(0);
  expect(engine.callsFor('in parallel')).toBe(1);

  const first = answered.find(({ headers }) => !headers.has('idempotency-replayed'))!;
  for (const instance of instances) {
    expectReplay(await ledger.ask(instance, 'in parallel', withKey('parallel')), first);
  }
  await settle(one, ledger);
  expect(await archivedTurns(database, first.body.conversation_id!)).toHaveLength(1);
  expect(engine.callsFor('in parallel')).toBe(1);
});

it('answers 409 while the first is running, and 422 for another body', async () => {
  const ledger = new Ledger();
  engine.stub.always = { kind: 'delay', ms: 500 };
  const first = ledger.ask(one, 'slow', withKey('slow'));
  await eventually(() => expect(engine.callsFor('slow')).toBe(1));
  const meanwhile = await ledger.ask(other, 'slow', withKey('slow'));
  expectProblem(meanwhile, 409, 'idempotency_in_progress');
  expect(Number(meanwhile.headers.get('retry-after'))).toBeGreaterThan(0);
  const reused = await ledger.ask(other, 'another question', withKey('slow'));
  expectProblem(reused, 422, 'idempotency_key_reused');
  engine.stub.always = null;
  expectReplay(await first.then(() => ledger.ask(other, 'slow', withKey('slow'))), await first);
  expectProblem(await ledger.ask(one, 'a third', withKey('slow')), 422, 'idempotency_key_reused');
  expect(engine.calls).toBe(engine.callsFor('in parallel') + 1);
  await settle(one, ledger);
});

describe('once the turn is committed', () => {
  it.each([
    ['was emptied', async () => void (await redis.client.flushall())],
    ['is away', async () => redis.proxy.refuse()],
    ['was killed', () => redis.kill()],
  ])('still replays it when Redis %s, again and again', async (name, breakIt) => {
    const ledger = new Ledger();
    const asked = { durability: 'committed', ...withKey(name) } as const;
    const first = await ledger.ask(one, name, asked);
    await breakIt();
    for (let retry = 0; retry < 3; retry++) {
      for (const each of instances) expectReplay(await ledger.ask(each, name, asked), first);
    }
    const parallel = await Promise.all(instances.map((each) => ledger.ask(each, name, asked)));
    // Two that ask Postgres at once: one of them may find the other at it.
    for (const { status } of parallel) expect([200, 409]).toContain(status);
    expectProblem(await ledger.ask(one, `not ${name}`, asked), 422, 'idempotency_key_reused');
    expect(engine.callsFor(name)).toBe(1);

    if (name === 'was killed') await redis.restart();
    redis.proxy.pass();
    for (const each of instances) {
      await redisIs('up', each);
      expectReplay(await ledger.ask(each, name, asked), first);
    }
    expect(engine.callsFor(name)).toBe(1);
    await settle(one, ledger);
    expect(await archivedTurns(database, first.body.conversation_id!)).toHaveLength(1);
  });
});

describe.each([
  ['of the claim', SCRIPTS.takeClaim],
  ['of the append', SCRIPTS.append],
  ['of the end of the claim', SCRIPTS.endClaim],
])('when the reply %s is lost', (name, script) => {
  it('calls the engine once, keeps one row, and replays it as soon as Redis is back', async () => {
    const ledger = new Ledger();
    await ledger.ask(one, `${name}, a turn before`, withKey(`before ${name}`));
    const lost = redis.proxy.loseReplyOnce(script.sha);
    const first = await ledger.ask(one, name, withKey(name));
    await lost;
    expect(first.status).toBe(200);
    for (const each of instances) await redisIs('up', each);
    for (const each of instances) {
      // What Redis alone has, with a claim that nobody ended, shows once it is in Postgres.
      await eventually(async () => {
        expectReplay(await ledger.ask(each, name, withKey(name)), first);
      });
    }
    expect(engine.callsFor(name)).toBe(1);
    await settle(one, ledger);
    expect(await archivedTurns(database, first.body.conversation_id!)).toHaveLength(1);
  });
});

it('heeds a claim from when Redis was away after it has come back', async () => {
  const ledger = new Ledger();
  redis.proxy.refuse();
  for (const each of instances) await redisIs('away', each);
  const answer = engine.stub.always;
  engine.stub.always = { kind: 'delay', ms: 2500 };
  const first = ledger.ask(one, 'begun without Redis', withKey('across'));
  await eventually(() => expect(engine.callsFor('begun without Redis')).toBe(1));
  redis.proxy.pass();
  for (const each of instances) await redisIs('up', each);
  const retry = await ledger.ask(other, 'begun without Redis', withKey('across'));
  expectProblem(retry, 409, 'idempotency_in_progress');
  engine.stub.always = answer;
  expectReplay(
    await first.then(() => ledger.ask(other, 'begun without Redis', withKey('across'))),
    await first,
  );
  expect(engine.callsFor('begun without Redis')).toBe(1);
  await settle(one, ledger);
});

it('lets a retry in at once when both stores are back that could not take the turn', async () => {
  const ledger = new Ledger();
  engine.stub.always = { kind: 'delay', ms: 500 };
  const first = ledger.ask(one, 'answered into the void', withKey('void'));
  await eventually(() => expect(engine.callsFor('answered into the void')).toBe(1));
  postgresLink.refuse();
  redis.proxy.refuse();
  expectProblem(await first, 503, 'storage_unavailable');
  engine.stub.always = null;
  postgresLink.pass();
  redis.proxy.pass();
  await redisIs('up', one);
  // Long before the claim lapses, which takes more than a minute.
  const retry = await eventually(async () => {
    const reply = await ledger.ask(other, 'answered into the void', withKey('void'));
    expect(reply.status).toBe(200);
    return reply;
  });
  await settle(one, ledger);
  expect(await archivedTurns(database, retry.body.conversation_id!)).toHaveLength(1);
});
