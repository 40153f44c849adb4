import { expect, it } from 'vitest';
import { entriesOf } from '../../src/conversation/keyring.js';
import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { decodeTurn } from '../../src/session/codec.js';
import { sweepNow } from '../support/admin.js';
import { everyRow } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { aKey, vaultOf } from '../support/encryption.js';
import type { HttpClient } from '../support/http-client.js';
import { Ledger } from '../support/ledger.js';
import { openedBy } from '../support/opened-rows.js';
import { expectProblem } from '../support/problem.js';
import { everythingIn } from '../support/redis-contents.js';
import { createStage } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const { redis, database, engine, start } = await createStage();
const KEY = aKey('2026');
const OTHER = aKey('other');
const ENCRYPTED = { ENCRYPTION_KEYS: KEY };
const COMMITTED = { durability: 'committed' };

interface StoredRow extends Record<string, unknown> {
  readonly key_id: string | null;
  readonly question: string;
}

const rowsOf = (conversationId: string) =>
  database.query<StoredRow>(
    `select id, question, answer, context, metadata, key_id
       from conversation_messages where conversation_id = $1 order by seq`,
    [conversationId],
  );
const keyringIn = async (conversationId: string) => {
  const [row] = await database.query<{ keyring: string | null }>(
    `select convert_from(data_key, 'UTF8') as keyring
       from conversation_sessions where conversation_id = $1`,
    [conversationId],
  );
  return row?.keyring ?? '';
};
const turnsInRedis = async (conversationId: string) =>
  (await redis.client.lrange(conversationKeys(conversationId).turns, 0, -1)).map(decodeTurn);
const end = (service: HttpClient, conversationId: string) =>
  service.request<ConversationDto>('POST', `/conversations/${conversationId}/end`);
const asked = () => engine.stub.requests.at(-1)!.messages.map(({ content }) => content);

it('the same ciphertext is in both stores, and opens with the key that wraps it', async () => {
  const service = await start(ENCRYPTED);
  const query = 'What is the attention?';
  const reply = await service.chat({
    query,
    metadata: { course: 'cs101' },
    meta_params: COMMITTED,
  });
  const id = reply.body.conversation_id!;
  const [[hot], [row]] = [await turnsInRedis(id), await rowsOf(id)];
  expect({ ...row, metadata: JSON.stringify(row!['metadata']) }).toEqual({
    id: hot!.id,
    question: hot!.question,
    answer: hot!.answer,
    context: hot!.context,
    metadata: hot!.metadata,
    key_id: hot!.keyId,
  });
  const [entry] = entriesOf(await keyringIn(id));
  expect(entry).toMatchObject({ dataKeyId: hot!.keyId, wrappingKeyId: '2026' });
  expect(await redis.client.hget(conversationKeys(id).meta, 'data_key')).toBe(await keyringIn(id));
  const opened = vaultOf(KEY).opener(id, await keyringIn(id));
  expect(opened.text(hot!.question, hot!.keyId, hot!.id, 'question')).toBe(query);
});

it('turns after encryption was turned on are sealed, and read together with the plain ones before', async () => {
  const plain = await start();
  const { conversation_id: id } = await begin(plain, 'the first question');
  await goOn(plain, id, 'the second question');
  const encrypted = await start(ENCRYPTED);
  await goOn(encrypted, id, 'the third question');
  const fourth = await goOn(encrypted, id, 'the fourth question', COMMITTED);
  expect(fourth.history.turns_used).toBe(3);
  const rows = await rowsOf(id);
  const [, , { key_id }] = rows as [StoredRow, StoredRow, StoredRow];
  expect(rows.map((row) => row.key_id)).toEqual([null, null, key_id, key_id]);
  expect(rows[1]!.question).toBe('the second question');
  expect(key_id).not.toBeNull();
  await end(encrypted, id);
  const fifth = await goOn(encrypted, id, 'the fifth question');
  expect(fifth.history).toMatchObject({ source: 'durable', turns_used: 4 });
  for (const which of ['first', 'second', 'third', 'fourth']) {
    expect(asked().join('\n')).toContain(`the ${which} question`);
  }
});

it('a conversation without its key is an error before the engine is asked, and whole again with it', async () => {
  const service = await start(ENCRYPTED);
  const headers = { 'idempotency-key': 'without-its-key' };
  const first = { query: 'What does the key open?', meta_params: COMMITTED };
  const answered = await service.chat(first, headers);
  const id = answered.body.conversation_id!;
  const keyless = [await start(), await start({ ENCRYPTION_KEYS: OTHER })];
  const another = { ENCRYPTION_KEYS: aKey('2026') };
  keyless.push(await start(another));
  const calls = engine.calls;
  const before = [await rowsOf(id), await turnsInRedis(id)];
  for (const leave of [async () => undefined, () => end(service, id)]) {
    await leave();
    for (const each of keyless) {
      const meta_params = { conversation_id: id };
      const refused = await each.chat({ query: 'Well?', meta_params });
      const problem = expectProblem(refused, 500, 'decryption_failed');
      expect(problem.detail).toContain('ENCRYPTION_KEYS');
      expect(JSON.stringify(problem)).not.toContain('2026');
      // What was answered once is not answered otherwise.
      expectProblem(await each.chat(first, headers), 500, 'decryption_failed');
      expectProblem(await end(each, id), 500, 'decryption_failed');
    }
  }
  expect(engine.calls).toBe(calls);
  expect(await rowsOf(id)).toEqual(before[0]);
  // They go on in other conversations.
  for (const each of keyless) await begin(each);

  const both = await start({ ENCRYPTION_KEYS: `${OTHER},${KEY}` });
  const replayed = await both.chat(first, headers);
  expect(replayed.body).toEqual(answered.body);
  expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  const next = await goOn(both, id);
  expect(next).toMatchObject({ seq: 2, history: { turns_used: 1 } });
  expect((await end(both, id)).body).toMatchObject({ title: first.query, turn_count: 2 });
});

it('an instance without the key flushes, sweeps and erases', async () => {
  const service = await start({ ...ENCRYPTED, AUTO_SYNC_TO_DB: 'false' });
  const { conversation_id: id } = await begin(service, 'What is swept?');
  await goOn(service, id, 'And what else?');
  expect(await rowsOf(id)).toEqual([]);
  const keyless = await start();
  await sweepNow(keyless);
  expect(await rowsOf(id)).toMatchObject([{ key_id: expect.any(String) }, {}]);
  const [title] = await database.query<{ title: string }>(
    'select title from conversation_sessions where conversation_id = $1',
    [id],
  );
  expect(title!.title).toMatch(/^[\w-]{38,}$/);
  await redis.client.flushall();
  expect(await goOn(service, id)).toMatchObject({ seq: 3, history: { turns_used: 2 } });
  const ended = await end(service, id);
  expect(ended.body).toMatchObject({ title: 'What is swept?', turn_count: 3 });
  const erased = await keyless.request('DELETE', `/conversations/${id}`);
  expect(erased.status).toBe(204);
});

it('two instances give an old conversation its first keys at once, and every turn is readable', async () => {
  const plain = await start();
  const ledger = new Ledger();
  const { conversationId } = await ledger.turn(plain, 'turn 0');
  // Both know the conversation without a key until all fifty turns are under way.
  const instances = [await start(ENCRYPTED), await start(ENCRYPTED)];
  engine.stub.always = { kind: 'delay', ms: 300 };
  const turns = Array.from({ length: 50 }, (_, turn) => turn + 1);
  await Promise.all(
    turns.map((turn) => ledger.turn(instances[turn % 2]!, `turn ${turn}`, { conversationId })),
  );
  engine.stub.always = null;
  await expectVerified(instances[0]!, redis.client);
  expect(new Set((await rowsOf(conversationId)).map((row) => row.key_id)).size).toBeGreaterThan(2);
  // Which turns are written around a Redis that is slow for a moment, the load of this machine decides.
  const { overtaking: _, ...differences } = await ledger.compare(openedBy(vaultOf(KEY), database));
  expect(differences).toEqual({ lost: [], doubled: [], reordered: [] });
  for (const each of instances) {
    const { history } = await goOn(each, conversationId);
    expect(history.turns_available).toBe(50);
    await end(each, conversationId);
  }
});

it('erasing a conversation erases its data key in both stores', async () => {
  const service = await start(ENCRYPTED);
  const { conversation_id: id } = await begin(service);
  await goOn(service, id, 'Well?', COMMITTED);
  const [entry] = entriesOf(await keyringIn(id));
  expect(await everythingIn(redis.client)).toContain(entry!.wrappedKey);
  const erased = await service.request('DELETE', `/conversations/${id}`);
  expect(erased.status).toBe(204);
  const left = (await everythingIn(redis.client)) + (await everyRow(database));
  for (const part of [entry!.dataKeyId, entry!.wrappedKey]) {
    expect(left).not.toContain(part);
    expect(left).not.toContain(Buffer.from(part).toString('hex'));
  }
});

it('HISTORY_MODE=database keeps conversations sealed', async () => {
  const service = await start({ ...ENCRYPTED, HISTORY_MODE: 'database' });
  const { conversation_id: id } = await begin(service, 'What is durable?');
  expect(await goOn(service, id)).toMatchObject({ seq: 2, history: { turns_used: 1 } });
  expect(await rowsOf(id)).toMatchObject([{ key_id: expect.any(String) }, {}]);
  expect((await end(service, id)).body.title).toBe('What is durable?');
});

it('HISTORY_MODE=redis keeps sessions sealed, and archives them so', async () => {
  const service = await start({ ...ENCRYPTED, HISTORY_MODE: 'redis' });
  const { conversation_id: id } = await begin(service, 'What is hot?');
  expect(await goOn(service, id)).toMatchObject({ seq: 2, history: { turns_used: 1 } });
  const [first] = await turnsInRedis(id);
  expect((await end(service, id)).body).toMatchObject({ title: 'What is hot?', turn_count: 2 });
  const rows = await rowsOf(id);
  expect(rows).toMatchObject([{ question: first!.question, key_id: first!.keyId }, {}]);
  const opened = await openedBy(vaultOf(KEY), database).query<StoredRow>(
    'select id, conversation_id, question from conversation_messages where conversation_id = $1 order by seq',
    [id],
  );
  expect(opened[0]!.question).toBe('What is hot?');
});
