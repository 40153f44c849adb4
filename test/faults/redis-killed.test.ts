import { expect, it } from 'vitest';
import { archivedTurns } from '../support/archive-contents.js';
import { eventually } from '../support/eventually.js';
import { type AcknowledgedTurn, Ledger } from '../support/ledger.js';
import { beginMany, Load, someAtOnce } from '../support/load.js';
import { countTurns } from '../support/settled.js';
import { createStage, redisIs } from '../support/stage.js';
import { dirtyConversations, expectVerified } from '../support/verified.js';

const CALLERS = 6;
const TURNS_MEANWHILE = 3;

const { redis, database, start, settle } = await createStage();
const instances = [await start(), await start()];
const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]];

const allAre = async (state: 'up' | 'away') => {
  for (const each of instances) await redisIs(state, each);
};

const marked = async () => {
  const rows = await database.query<{ id: string }>(
    'select conversation_id as id from conversation_sessions where hot_stale is not null',
  );
  return rows.map(({ id }) => id).toSorted();
};

/** Whoever is asked has all turns of these conversations, and gives the next one its place. */
const expectComplete = (ledger: Ledger, conversationIds: readonly string[]) =>
  someAtOnce(conversationIds, async (conversationId, index) => {
    const { length } = await archivedTurns(database, conversationId);
    const reply = await ledger.ask(instances[index % 2]!, 'all there?', { conversationId });
    expect(reply.body).toMatchObject({ seq: length + 1, history: { turns_available: length } });
  });

it('loses, doubles and reorders nothing when Redis is killed under load and comes back on its own file', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, instances, CALLERS);
  await expectVerified(one, redis.client);
  const load = new Load(ledger, instances, begun);
  const grownBy = async (turns: number) => {
    const before = ledger.acknowledged.length;
    await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(before + turns));
  };
  await grownBy(5 * CALLERS);
  await redis.kill();
  await allAre('away');
  await grownBy(2 * CALLERS);
  await redis.restart();
  await allAre('up');
  await grownBy(2 * CALLERS);
  await load.stop();
  expect(load.refused).toEqual([]);
  expect(load.broken).toBe(0);
  await expectVerified(one, redis.client);
  await expectComplete(ledger, begun);
  // What it held unsynced when it died was overtaken by what was written around it.
  await settle(other, ledger, { mayOvertake: true });
  expect(await countTurns(database)).toBe(ledger.acknowledged.length);
});

it('commits turns while Redis stays away, and has them all in Redis when it is back', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, instances, CALLERS);
  await expectVerified(one, redis.client);
  const meanwhile: AcknowledgedTurn[] = [];
  await redis.kill();
  await allAre('away');
  const late = await beginMany(ledger, instances, 2);
  const conversations = [...begun, ...late];
  for (let round = 0; round < TURNS_MEANWHILE; round++) {
    const turns = await someAtOnce(conversations, (conversationId, index) =>
      ledger.turn(instances[(index + round) % 2]!, `round ${round}`, { conversationId }),
    );
    meanwhile.push(...turns);
  }
  expect(new Set(meanwhile.map(({ durability }) => durability))).toEqual(new Set(['committed']));
  expect(await marked()).toEqual(conversations.toSorted());

  await redis.restart();
  await allAre('up');
  expect(await marked()).toEqual([]);
  expect(await dirtyConversations(redis.client)).toEqual([]);
  await expectComplete(ledger, conversations);
  await settle(one, ledger);
  for (const id of begun) {
    expect(await archivedTurns(database, id)).toHaveLength(1 + TURNS_MEANWHILE + 1);
  }
});
