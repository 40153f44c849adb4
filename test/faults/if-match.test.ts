import { describe, expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';

const { redis, database, engine, start, settle } = await createStage();
const instances = [await start(), await start()];
const [one] = instances as [(typeof instances)[0]];
const ifMatch = (conversationId: string, seq: number) => ({
  conversationId,
  headers: { 'if-match': `"${seq}"` },
});

describe.each([
  ['in use', () => redis.proxy.pass(), 'up'],
  ['away', () => redis.proxy.refuse(), 'away'],
] as const)('with Redis %s', (_, prepare, state) => {
  it('takes one of two turns with the same tag, also when both engines were asked', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(one, 'first', { durability: 'committed' });
    prepare();
    for (const each of instances) await redisIs(state, each);
    for (let round = 1; round <= 5; round++) {
      const callsBefore = engine.calls;
      engine.stub.always = { kind: 'delay', ms: 100 };
      const replies = await Promise.all(
        instances.map((each, index) =>
          ledger.ask(each, `round ${round} of ${index}`, ifMatch(conversationId, round)),
        ),
      );
      engine.stub.always = null;
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 412]));
      expect(engine.calls).toBe(callsBefore + 2);
      const refused = replies.find(({ status }) => status === 412)!;
      expect(refused.body).toMatchObject({ code: 'conversation_changed' });
      const kept = replies.find(({ status }) => status === 200)!;
      expect(kept.body.seq).toBe(round + 1);
    }
    redis.proxy.pass();
    for (const each of instances) await redisIs('up', each);
    await settle(one, ledger);
    expect(await archivedTurns(database, conversationId)).toHaveLength(6);
  });

  it('refuses an old tag before the engine is asked', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(one, 'first', { durability: 'committed' });
    await ledger.turn(one, 'second', { conversationId, durability: 'committed' });
    prepare();
    for (const each of instances) await redisIs(state, each);
    const calls = engine.calls;
    for (const seq of [0, 1, 3]) {
      const { status } = await ledger.ask(one, `tag ${seq}`, ifMatch(conversationId, seq));
      expect(status).toBe(412);
    }
    expect(engine.calls).toBe(calls);
    redis.proxy.pass();
    for (const each of instances) await redisIs('up', each);
    await settle(one, ledger);
  });
});

it('keeps a tagged turn once when the reply of its append is lost', async () => {
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(one, 'first', { durability: 'committed' });
  await eventually(() => expect(redis.proxy.connections).toBeGreaterThan(0));
  redis.proxy.reset();
  await redisIs('up', one);
  const reply = await ledger.ask(one, 'second', ifMatch(conversationId, 1));
  expect(reply).toMatchObject({ status: 200, body: { seq: 2 } });
  await settle(one, ledger);
  expect(await archivedTurns(database, conversationId)).toHaveLength(2);
});
