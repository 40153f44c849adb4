import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../src/admin/admin.dto.js';
import { conversationKeys } from '../../src/redis/keys.js';
import { createProxy } from '../support/faults.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { redisClient } from '../support/redis-contents.js';
import { expectSettled } from '../support/settled.js';
import { createDatabase, createRedis } from '../support/stores.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TURNS = 3;
// In every question, as something that nobody but its owner may read.
const SECRET = 'xylophone';

const server = await createRedis();
const redis = redisClient(server.url);
const redisLink = await createProxy(server.url);
const database = await createDatabase();
const stores = { REDIS_URL: redisLink.through(server.url), DATABASE_URL: database.url };
const service = await startInstance({ ...stores, AUTO_SYNC_TO_DB: 'false' });
await service.admin('POST', '/admin/sync');
const ledger = new Ledger();
afterEach(() => redisLink.pass());

interface Run {
  readonly status: number | null;
  readonly output: string;
}

/** As an operator runs it, on these stores. */
const verify = (): Promise<Run> =>
  new Promise((resolve) => {
    const child = execFile(
      'npm',
      ['run', '--silent', 'verify'],
      { cwd: PROJECT, env: { ...process.env, ...stores } },
      (_, stdout, stderr) => resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });

const report = async (): Promise<VerifyReport> =>
  (await service.admin<VerifyReport>('GET', '/admin/verify')).body;

/** A conversation of some turns, all in both stores, and one more turn that only Redis has. */
async function talk(): Promise<string> {
  const { conversationId: id } = await ledger.turn(service, `Why a ${SECRET}?`);
  for (let turn = 2; turn <= TURNS; turn++) {
    await ledger.turn(service, `${SECRET} number ${turn}`, { conversationId: id });
  }
  await service.admin('POST', '/admin/sync');
  await ledger.turn(service, `Another ${SECRET}`, { conversationId: id });
  return id;
}

it('exits with 0 on stores that agree, and shows how far it is', async () => {
  await talk();
  const { status, output } = await verify();
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output).toMatch(/verifying .* 100 % \| 1025 of 1025/);
  expect(output).toContain('0 violations');
  expect(await report()).toEqual({ ok: true, violations: [] });
  await expectSettled(service, { redis, database }, ledger);
});

/** How it is made, and unmade, by hand in a conversation that is all right. */
type Violation = readonly [
  what: string,
  invariant: string,
  make: (id: string) => Promise<unknown>,
  unmake: (id: string) => Promise<unknown>,
];

const sql = (statement: string) => (id: string) => database.query(statement, [id]);
const both = (id: string) => [conversationKeys(id).meta, conversationKeys(id).turns] as const;

const VIOLATIONS: readonly Violation[] = [
  [
    'a gap in the numbers of the archive',
    'archive numbers 1..n without gaps',
    sql('update conversation_messages set seq = 10 where conversation_id = $1 and seq = 1'),
    sql('update conversation_messages set seq = 1 where conversation_id = $1 and seq = 10'),
  ],
  [
    'a sealed turn whose data key is gone',
    'every sealed turn has its data key',
    sql("update conversation_messages set key_id = 'gone' where conversation_id = $1 and seq = 1"),
    sql('update conversation_messages set key_id = null where conversation_id = $1'),
  ],
  [
    'a high-water mark above what is committed',
    'synced never passes what is committed',
    async (id) => {
      await redis.hset(conversationKeys(id).meta, 'synced', TURNS + 1);
      await redis.zrem(conversationKeys(id).dirty, id);
      for (const key of both(id)) await redis.expire(key, 3600);
    },
    async (id) => {
      await redis.hset(conversationKeys(id).meta, 'synced', TURNS);
      await redis.zadd(conversationKeys(id).dirty, Date.now(), id);
      for (const key of both(id)) await redis.persist(key);
    },
  ],
  [
    'a TTL on a session with unsynced turns',
    'unsynced, dirty and without TTL are one',
    (id) => redis.expire(conversationKeys(id).turns, 3600),
    (id) => redis.persist(conversationKeys(id).turns),
  ],
  [
    'unsynced turns without a dirty mark',
    'unsynced, dirty and without TTL are one',
    (id) => redis.zrem(conversationKeys(id).dirty, id),
    (id) => redis.zadd(conversationKeys(id).dirty, Date.now(), id),
  ],
  [
    'an unsynced turn that was trimmed',
    'what is unsynced is never trimmed',
    async (id) => redis.set(`${id}:taken`, (await redis.rpop(conversationKeys(id).turns))!),
    async (id) => redis.rpush(conversationKeys(id).turns, (await redis.getdel(`${id}:taken`))!),
  ],
  [
    'another owner in Redis than in the archive',
    'the owner never changes',
    (id) => redis.hset(conversationKeys(id).meta, 'owner', 'somebody-else'),
    (id) => redis.hset(conversationKeys(id).meta, 'owner', ''),
  ],
  [
    'an erased conversation with turns',
    'erased stays erased',
    sql('update conversation_sessions set erased_at = now() where conversation_id = $1'),
    sql('update conversation_sessions set erased_at = null where conversation_id = $1'),
  ],
];

describe.each(VIOLATIONS)('given %s', (_, invariant, make, unmake) => {
  it('exits with 1 and names invariant and conversation, as /admin/verify does, but no contents', async () => {
    const id = await talk();
    await make(id);
    const { status, output } = await verify();
    const { ok, violations } = await report();
    await unmake(id);

    expect({ status, output }).toMatchObject({ status: 1 });
    expect(ok).toBe(false);
    // A gap in the archive is one between what the session takes for archived and the archive, too.
    expect(violations.map((each) => each.invariant)).toContain(invariant);
    for (const each of violations) {
      expect(each.conversation_id).toBe(id);
      expect(output).toContain(`violated: ${each.invariant}: conversation ${id}: ${each.detail}`);
    }
    expect(output.match(/^violated: /gm)).toHaveLength(violations.length);
    expect(output).toContain(`${violations.length} violations`);
    expect(output + JSON.stringify(violations)).not.toContain(SECRET);
    await expectSettled(service, { redis, database }, ledger);
  });
});

it('exits with 1, and vouches for nothing, when it cannot reach a store', async () => {
  redisLink.refuse();
  const { status, output } = await verify();
  expect(status).toBe(1);
  expect(output).toContain('Redis is unavailable');
  expect(output).not.toContain('0 violations');
  redisLink.pass();
  await expectSettled(service, { redis, database }, ledger);
});
