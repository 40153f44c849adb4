import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { entriesOf } from '../../src/conversation/keyring.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { AcceptedTurnArchive } from '../../src/persistence/accepted-turns.js';
import { ArchiveErasure } from '../../src/persistence/archive-erasure.js';
import { Archive } from '../../src/persistence/archive.js';
import { ArchiveKeyrings } from '../../src/persistence/archive.keyrings.js';
import { DeadLetters } from '../../src/persistence/dead-letters.js';
import { batchOf, openDatabase } from '../support/archive.js';
import { redisClient } from '../support/redis-contents.js';
import { storeOn, TestSession } from '../support/sessions.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { aTurn, someTurns } from '../support/turns.js';

const client = redisClient((await createRedis()).url);
const newSession = () => new TestSession(storeOn(client), client);
const database = await createDatabase();
const connection = await openDatabase(database.url);
const archive = new Archive(connection);
const keyrings = new ArchiveKeyrings(connection);

// As another instance would bring it: the stores never look into the wrapped key.
const entry = (dataKeyId: string, wrappingKeyId = 'w1') => `${dataKeyId}:${wrappingKeyId}:AbC-_9`;
const sealedBy = (dataKeyId: string) => aTurn({ keyId: dataKeyId });
const title = { text: 'sealed title', keyId: 'k1' };
const idsIn = (keyring: string | undefined) =>
  entriesOf(keyring ?? '').map(({ dataKeyId }) => dataKeyId);
const inSession = async (session: TestSession) =>
  idsIn((await client.hget(session.keys.meta, 'data_key')) ?? undefined);
const inArchive = async (id: string) =>
  idsIn((await archive.tail(id, null, 0))?.conversation.keyring);

it('a session takes the key of a turn once, however it is wrapped', async () => {
  const session = newSession();
  await session.append(sealedBy('k1'), { create: true, keyring: entry('k1'), title });
  await session.append(sealedBy('k1'), { keyring: entry('k1') });
  await session.append(sealedBy('k1'), { keyring: entry('k1', 'w2') });
  await session.append(aTurn());
  expect(await client.hget(session.keys.meta, 'data_key')).toBe(entry('k1'));
  // No part of another one's id is taken for it.
  for (const id of ['k', '1', 'k10', '.1', 'k1']) {
    await session.append(sealedBy(id), { keyring: entry(id) });
  }
  expect(await inSession(session)).toEqual(['k1', 'k', '1', 'k10', '.1']);
  const unsynced = (await session.unsynced())!;
  expect(unsynced).toMatchObject({ title, keyring: expect.stringContaining(entry('k10')) });
  expect(await session.recall()).toMatchObject({ title, keyring: unsynced.keyring });
});

it('a session keeps the keys of fifty instances that bring one each at once', async () => {
  const session = newSession();
  await session.fill(1);
  const ids = Array.from({ length: 10 }, (_, index) => `k${index}`);
  await Promise.all(ids.map((id) => session.append(sealedBy(id), { keyring: entry(id) })));
  expect((await inSession(session)).toSorted()).toEqual(ids.toSorted());
});

it('a session that is filled has the keyring of the archive', async () => {
  const session = newSession();
  const turns = [sealedBy('k1')];
  const keyring = `${entry('k1')},${entry('k2')}`;
  await session.restore({ owner: 'user-1', createdAt: 1, lastSeq: 1, turns, keyring });
  expect(await session.recall()).toMatchObject({ keyring, turns: [{ keyId: 'k1' }] });
  await session.append(sealedBy('k3'), { keyring: entry('k3') });
  expect(await inSession(session)).toEqual(['k1', 'k2', 'k3']);
});

it('an erased session leaves nothing but its mark', async () => {
  const session = newSession();
  await session.append(sealedBy('k1'), { create: true, keyring: entry('k1'), title });
  await session.store.erase(session.id);
  expect(await client.hgetall(session.keys.meta)).toEqual({ erased: '1' });
});

it('the archive keeps the keys of ten flushes that bring one each at once', async () => {
  const conversationId = randomUUID();
  const ids = Array.from({ length: 10 }, (_, index) => `k${index}`);
  const flushes = ids.map((id) =>
    archive.commit([{ ...batchOf(conversationId, [sealedBy(id)]), keyring: entry(id) }]),
  );
  await Promise.all(flushes);
  expect((await inArchive(conversationId)).toSorted()).toEqual(ids.toSorted());
});

it('the archive has the key of every turn, on whichever way it came', async () => {
  const conversationId = randomUUID();
  const [first, around, accepted] = ['k1', 'k2', 'k3'].map(sealedBy);
  const batch = { ...batchOf(conversationId, [first!]), keyring: entry('k1'), title };
  await archive.commit([batch]);
  const append = { conversationId, owner: null, create: false, aroundRedis: true };
  await archive.append({ ...append, turn: around!, keyring: entry('k2'), title: null });
  await new AcceptedTurnArchive(connection).commit(
    {
      conversationId,
      owner: null,
      title: null,
      keyring: entry('k3'),
      turns: [{ ...accepted!, seq: 3, previousTurnId: around!.id }],
    },
    { skipHeld: true, ageMs: 0 },
  );
  const letters = new DeadLetters(connection, new Metrics());
  const refused = { ...batch, keyring: `${entry('k1', 'w2')},${entry('k4')}` };
  await letters.bury(refused, sealedBy('k4'), '23514');
  expect(await inArchive(conversationId)).toEqual(['k1', 'k2', 'k3', 'k4']);
  const { conversation, turns } = (await archive.tail(conversationId, null, 10))!;
  expect(conversation).toMatchObject({ title: 'sealed title', keyId: 'k1' });
  expect(turns.map(({ keyId }) => keyId)).toEqual(['k1', 'k2', 'k3']);
  expect(await archive.find(conversationId, null, around!.id)).toMatchObject({
    turn: { keyId: 'k2' },
    keyring: conversation.keyring,
  });
});

it('a conversation that begins with a dead letter has its key and its title', async () => {
  const conversationId = randomUUID();
  const turn = sealedBy('k1');
  const batch = { ...batchOf(conversationId, [turn]), keyring: entry('k1'), title };
  await new DeadLetters(connection, new Metrics()).bury(batch, turn, '23514');
  const found = await archive.find(conversationId, null, turn.id);
  expect(found).toEqual({ turn, seq: null, keyring: entry('k1') });
});

it('an erased conversation has no key and no title, and takes none', async () => {
  const conversationId = randomUUID();
  const batch = { ...batchOf(conversationId, someTurns(1)), keyring: entry('k1'), title };
  await archive.commit([batch]);
  await new ArchiveErasure(connection).eraseOne({ conversationId }, null);
  await archive.commit([{ ...batchOf(conversationId, someTurns(1)), keyring: entry('k2'), title }]);
  await new DeadLetters(connection, new Metrics()).bury(batch, aTurn(), '23514');
  const [row] = await database.query(
    `select data_key, key_id, title, metadata, turn_count::integer
       from conversation_sessions where conversation_id = $1`,
    [conversationId],
  );
  const nothing = { data_key: null, key_id: null, title: null, metadata: null };
  expect(row).toEqual({ ...nothing, turn_count: 0 });
  const letters = 'select 1 from dead_letters where conversation_id = $1';
  expect(await database.query(letters, [conversationId])).toEqual([]);
});

it('a keyring is replaced by nobody who has read another one, or while it is held', async () => {
  const [id, other] = [randomUUID(), randomUUID()];
  for (const each of [id, other]) {
    await archive.commit([{ ...batchOf(each, someTurns(1)), keyring: entry('k1') }]);
  }
  const replace = async (conversationId: string, keyring: string, skipHeld = true) => {
    const replacement = { conversationId, keyring, rewrapped: entry('k1', 'w2') };
    return (await keyrings.replace([replacement], { skipHeld })).size;
  };
  expect(await replace(id, entry('k9'))).toBe(0);
  let waiting: Promise<number> | undefined;
  await connection.transaction(async (holder) => {
    const sql = 'select 1 from conversation_sessions where conversation_id = $1 for update';
    await holder.query(sql, [id]);
    expect(await replace(id, entry('k1'))).toBe(0);
    expect(await replace(other, entry('k1'))).toBe(1);
    waiting = replace(id, entry('k1'), false);
  });
  expect(await waiting).toBe(1);
  expect(await replace(id, entry('k1'))).toBe(0);
});
