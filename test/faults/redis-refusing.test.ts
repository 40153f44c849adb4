import { describe, expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { type AcknowledgedTurn, Ledger } from '../support/ledger.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, expectVerified } from '../support/verified.js';

const ROUNDS = 3;

const { redis, database, engine, start, settle } = await createStage();
const service = await start();

const REFUSALS = [
  ['cannot write its snapshot', () => redis.breakSnapshots(), () => redis.mendSnapshots()],
  ['has become a replica', () => redis.makeReadOnly(), () => redis.makeWritable()],
  ['asks for another password', () => redis.revoke(), () => redis.grant()],
] as const;

/** Each conversation goes on for some turns, with all that was said in it. */
const goOn = async (ledger: Ledger, begun: readonly AcknowledgedTurn[], when: string) => {
  const durabilities = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { conversationId } of begun) {
      const asked = ledger.acknowledged.filter((turn) => turn.conversationId === conversationId);
      const reply = await ledger.ask(service, `${when}, ${round}`, { conversationId });
      const available = asked.length;
      expect(reply.body).toMatchObject({
        seq: available + 1,
        history: { turns_available: available },
      });
      durabilities.add(reply.body.durability);
    }
  }
  return [...durabilities];
};

describe.each(REFUSALS)('while Redis %s', (what, breakIt, mendIt) => {
  it('commits the turns, and is back to accepting them afterwards', async () => {
    const ledger = new Ledger();
    const begun = [await ledger.turn(service, 'first'), await ledger.turn(service, 'another')];
    expect(begun).toMatchObject([{ durability: 'accepted' }, { durability: 'accepted' }]);
    await expectVerified(service, redis.client);

    await breakIt();
    const late = await ledger.turn(service, `begun while Redis ${what}`);
    expect(late).toMatchObject({ seq: 1, durability: 'committed' });
    await redisIs('away', service);
    const conversations = [...begun, late];
    expect(await goOn(ledger, conversations, 'meanwhile')).toEqual(['committed']);
    await redisIs('away', service);

    await mendIt();
    await redisIs('up', service);
    expect(await goOn(ledger, conversations, 'afterwards')).toEqual(['accepted']);
    await settle(service, ledger);
    for (const { conversationId } of conversations) {
      const count = ledger.acknowledged.filter((turn) => turn.conversationId === conversationId);
      expect(await archivedTurns(database, conversationId)).toHaveLength(count.length);
    }
  });

  it('stores a turn once whose append is the first to be refused', async () => {
    const ledger = new Ledger();
    const { conversationId } = await ledger.turn(service, 'first', { durability: 'committed' });
    engine.stub.next({ kind: 'delay', ms: 1000 });
    const calls = engine.calls;
    const asked = ledger.turn(service, 'in flight', { conversationId });
    await eventually(() => expect(engine.calls).toBe(calls + 1));
    await breakIt();
    expect(await asked).toMatchObject({ seq: 2, durability: 'committed' });
    await redisIs('away', service);
    await mendIt();
    await settle(service, ledger);
    expect(await archivedTurns(database, conversationId)).toHaveLength(2);
  });
});

it('goes on accepting turns when Redis has forgotten the scripts', async () => {
  const ledger = new Ledger();
  const begun = [await ledger.turn(service, 'first'), await ledger.turn(service, 'another')];
  for (let round = 0; round < ROUNDS; round++) {
    await redis.client.script('FLUSH');
    expect(await goOn(ledger, begun, `without scripts ${round}`)).toEqual(['accepted']);
    await redisIs('up', service);
  }
  await redis.client.script('FLUSH');
  await settle(service, ledger);
  expect(await dirtyConversations(redis.client)).toEqual([]);
  for (const { conversationId } of begun) {
    expect(await archivedTurns(database, conversationId)).toHaveLength(1 + ROUNDS * ROUNDS);
  }
});
