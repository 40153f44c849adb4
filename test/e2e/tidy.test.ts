import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TidySchedule } from '../../src/persistence/tidy.schedule.js';
import { Tidying } from '../../src/persistence/tidying.js';
import { OwnClient } from '../support/conversations.js';
import { metricOf } from '../support/metrics.js';
import { expectProblem } from '../support/problem.js';
import { everythingIn, redisClient } from '../support/redis-contents.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const TOOL = fileURLToPath(new URL('../../dist/src/sync/tidy.cli.js', import.meta.url));
const redis = await createRedis();
const client = redisClient(redis.url);
const limits = { ARCHIVE_AFTER_DAYS: '10', RETENTION_DAYS: '20' };

describe.each(['hybrid', 'database'])('HISTORY_MODE=%s', async (mode) => {
  const database = await createDatabase();
  const stores = { HISTORY_MODE: mode, REDIS_URL: redis.url, DATABASE_URL: database.url };
  const service = await startService({ ...stores, ...limits, ...JWT_VARIABLES });
  const ada = new OwnClient(service, bearer(await tokenOf('ada')));
  const tidying = service.app.get(Tidying, { strict: false });

  /** Ends its session: what has one is in use. */
  const end = (id: string) => service.request('POST', `/conversations/${id}/end`, ada);
  const age = (id: string, column: 'last_activity' | 'archived_at', days: number) =>
    database.query(
      `update conversation_sessions set ${column} = now() - $2 * interval '1 day' where conversation_id = $1`,
      [id, days],
    );
  const idleFor = async (days: number) => {
    const { id } = await ada.say('What is attention?');
    await end(id);
    await age(id, 'last_activity', days);
    return id;
  };
  const archivedFor = async (days: number) => {
    const id = await idleFor(100);
    await ada.change(id, { is_archived: true });
    await age(id, 'archived_at', days);
    return id;
  };
  const tool = async (...options: string[]) => {
    const { PATH } = process.env;
    const env = { ...(PATH && { PATH }), ...stores, ...limits };
    const { stdout } = await promisify(execFile)(process.execPath, [TOOL, ...options], { env });
    return stdout;
  };

  it('archives what is idle and erases what was archived long ago, and nothing else', async () => {
    const fresh = await idleFor(9);
    const idle = await idleFor(11);
    const archived = await archivedFor(19);
    const expired = await archivedFor(21);
    expect(await tool('--dry-run')).toContain(
      '1 idle conversations would be archived, 1 archived ones erased',
    );
    expect((await ada.read(idle)).body).toMatchObject({ is_archived: false });

    await service.app.get(TidySchedule, { strict: false }).tick();
    expect((await ada.read(fresh)).body).toMatchObject({ is_archived: false });
    expect((await ada.read(idle)).body).toMatchObject({ is_archived: true });
    expect((await ada.read(archived)).body).toMatchObject({ is_archived: true });
    expectProblem(await ada.read(expired), 404, 'conversation_not_found');
    const rows = await database.query(
      `select user_id, title, erased_at is not null as erased, archived_at from conversation_sessions
        where conversation_id = $1`,
      [expired],
    );
    expect(rows).toEqual([{ user_id: null, title: null, erased: true, archived_at: null }]);
    expect(await metricOf(service, 'conversations_tidied_total{act="archived"}')).toBe(1);
    expect(await metricOf(service, 'conversations_tidied_total{act="erased"}')).toBe(1);
    expect(await tool()).toContain('0 idle conversations were archived, 0 archived ones erased');
  });

  it('counts the days of an archived conversation from when it was archived', async () => {
    const id = await idleFor(1000);
    expect(await tidying.run()).toEqual({ archived: 1, erased: 0 });
    expect(await tidying.run()).toEqual({ archived: 0, erased: 0 });
    expect((await ada.read(id)).body).toMatchObject({ is_archived: true });
    await ada.say('And then?', id);
    await end(id);
    expect((await ada.read(id)).body).toMatchObject({ is_archived: false });
  });

  it('frees the idempotency keys of what it erases', async () => {
    const headers = { ...ada.headers, 'idempotency-key': `tidy-in-${mode}` };
    const { body } = await service.chat({ query: 'What is attention?' }, headers);
    const id = body.conversation_id!;
    await end(id);
    await ada.change(id, { is_archived: true });
    await age(id, 'archived_at', 21);
    await tidying.run();
    const again = await service.chat({ query: 'Another question?' }, headers);
    expect(again).toMatchObject({ status: 200, body: { seq: 1 } });
    expect(again.body.conversation_id).not.toBe(id);
    expect(await everythingIn(client)).not.toContain(`${id}:turns`);
  });

  it('is done by one instance at a time', async () => {
    await database.query(
      `insert into task_leases (task, holder, expires_at)
       values ('tidy', gen_random_uuid(), now() + interval '1 minute')`,
    );
    const id = await idleFor(11);
    expect(await tidying.run()).toBeNull();
    expect((await ada.read(id)).body).toMatchObject({ is_archived: false });
    // One that died holds it up no longer than its lease lasts.
    await database.query(`update task_leases set expires_at = now() where task = 'tidy'`);
    expect(await tidying.run()).toEqual({ archived: 1, erased: 0 });
  });
});
