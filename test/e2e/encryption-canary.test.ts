import { beforeAll, describe, expect, it } from 'vitest';
import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import { ADMIN_TOKEN, sweepNow } from '../support/admin.js';
import { everyRow } from '../support/archive-contents.js';
import { begin, goOn } from '../support/chats.js';
import { startChildService } from '../support/child-service.js';
import { aKey } from '../support/encryption.js';
import { createEngine } from '../support/faults.js';
import { httpClient } from '../support/http-client.js';
import { everythingIn, redisClient } from '../support/redis-contents.js';
import { connectTo, createPostgres, createRedis } from '../support/stores.js';
import { everyFileIn, tracesOf } from '../support/traces.js';

const QUESTION = 'What is the attention that the canary-question-1f3a pays?';
const CANARIES = {
  question: 'canary-question-1f3a',
  title: 'that the canary-question-1f3a pays',
  answer: 'canary-answer-9c2b',
  metadata: 'canary-metadata-5e21',
  // What the answer quotes lies among the papers too; this is in the context alone.
  context: 'turns_available',
};

const engine = await createEngine();

/** Where contents may lie, after turns of all kinds: kept, refused, in either store alone. */
async function leaveTraces(variables: Record<string, string>): Promise<Record<string, string>> {
  const redis = await createRedis();
  const postgres = await createPostgres();
  const [client, database] = [redisClient(redis.url), connectTo(postgres.url)];
  const child = await startChildService({
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    ADMIN_TOKEN,
    LOG_LEVEL: 'trace',
    SYNC_INTERVAL: '43200',
    ...engine.variables,
    ...variables,
  });
  const service = httpClient(child.url);
  engine.stub.always = { kind: 'text', text: `It is ${CANARIES.answer} [1].` };
  const metadata = { course: CANARIES.metadata };
  const first = await service.chat({ query: QUESTION, metadata });
  expect(first.status).toBe(200);
  const path = `/conversations/${first.body.conversation_id}/end`;
  const ended = await service.request<ConversationDto>('POST', path);
  expect(ended.body.title).toBe(QUESTION);
  // A dead letter.
  const { conversation_id } = await begin(service, QUESTION);
  await sweepNow(service);
  const refusal = 'alter table conversation_messages add constraint refused check (seq <> 2)';
  await database.query(`${refusal} not valid`);
  await goOn(service, conversation_id, QUESTION);
  await sweepNow(service);
  expect(await database.query('select 1 from dead_letters')).toHaveLength(1);
  // And turns that only Redis has.
  await service.chat({ query: QUESTION, metadata });

  await client.save();
  await database.query('checkpoint');
  const [, redisFolder] = (await client.config('GET', 'dir')) as [string, string];
  const [postgresFolder] = await database.query<{ data_directory: string }>('show data_directory');
  return {
    'Redis, by its commands': await everythingIn(client),
    'the files of Redis': await everyFileIn(redisFolder),
    'a dump of Postgres': await everyRow(database),
    'the files of Postgres': await everyFileIn(postgresFolder!.data_directory),
    'the log': child.output(),
  };
}

const found = (where: string, canary: string) =>
  tracesOf(canary).filter((trace) => where.includes(trace));

describe('with ENCRYPTION_KEYS', () => {
  let places: Record<string, string>;
  beforeAll(
    async () =>
      (places = await leaveTraces({ ENCRYPTION_KEYS: aKey('a'), ANALYTICS_TOPICS: 'keywords' })),
    120_000,
  );

  it.each(Object.entries(CANARIES))(
    'no %s is in a file, a dump or the log, in any form',
    (_, canary) => {
      for (const [place, contents] of Object.entries(places)) {
        expect({ place, found: found(contents, canary) }).toEqual({ place, found: [] });
        expect({ place, isEmpty: contents === '' }).toEqual({ place, isEmpty: false });
      }
    },
  );

  it('no topic is readable where topics are counted', () => {
    for (const [place, contents] of Object.entries(places)) {
      expect({ place, found: found(contents, 'canary question') }).toEqual({ place, found: [] });
    }
    expect(places['a dump of Postgres']).toMatch(/\{-?\d{12,}[,}]/);
  });

  it('sources stay readable', () => {
    expect(places['a dump of Postgres']).toContain('vaswani-2017');
  });
});

describe('without', () => {
  let places: Record<string, string>;
  beforeAll(async () => (places = await leaveTraces({})), 120_000);

  it.each(Object.entries(CANARIES))(
    '%s is found in both stores, by the same search',
    (_, canary) => {
      const { 'the log': log, ...stores } = places;
      for (const [place, contents] of Object.entries(stores)) {
        expect({ place, found: found(contents, canary).length > 0 }).toEqual({
          place,
          found: true,
        });
      }
      expect(found(log!, canary)).toEqual([]);
    },
  );
});

it('a trace is found in whatever it was made a part of', () => {
  for (const text of ['canary-question-1f3a', 'ÿ?ÿ>ÿ~ÿ', 'abc']) {
    for (let before = 0; before < 4; before++) {
      for (let after = 0; after < 4; after++) {
        const whole = Buffer.from('x'.repeat(before) + text + 'y'.repeat(after));
        for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
          expect(found(whole.toString(encoding), text), `${before} ${after}`).not.toEqual([]);
        }
      }
    }
  }
});
