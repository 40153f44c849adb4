import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { OwnClient } from '../support/conversations.js';
import { startService } from '../support/service.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const CONVERSATIONS = 1000;
const PAGE = 37;
// Finer than JavaScript's dates: a cursor that rounds it skips all of them, or begins anew for ever.
const SAME_TIME = '2026-11-01T12:00:00.123456Z';

const redis = await createRedis();
const database = await createDatabase();
const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url };

const insert = (owner: string, ids: readonly string[], time: string) =>
  database.query(
    `insert into conversation_sessions (conversation_id, user_id, created_at, last_activity)
     select id, $1, $3::timestamptz, $3::timestamptz from unnest($2::text[]) as id`,
    [owner, ids, time],
  );

it.each(['hybrid', 'database'])(
  'lists 1,000 conversations of one instant once each while others begin (%s)',
  async (mode) => {
    const owner = `ada in ${mode}`;
    const service = await startService({ HISTORY_MODE: mode, ...stores, ...JWT_VARIABLES });
    const ada = new OwnClient(service, bearer(await tokenOf(owner)));
    const ids = Array.from({ length: CONVERSATIONS }, () => randomUUID());
    await insert(owner, ids, SAME_TIME);
    await insert('eve', [randomUUID(), randomUUID()], SAME_TIME);
    // Newer ones by a turn, and others of the same instant in between; an older one at the end.
    const begun: string[] = [];
    const inserted: string[] = [];
    const listed = await ada.everything(PAGE, async () => {
      begun.push((await ada.say('What is attention?')).id);
      inserted.push(randomUUID());
      await insert(owner, inserted.slice(-1), SAME_TIME);
    });
    const seen = listed.map((each) => each.conversation_id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids.some((each) => each === id)).toSorted()).toEqual(ids.toSorted());
    // What begins while the list is read is above it.
    expect(seen.filter((id) => begun.includes(id))).toEqual([]);
    const fromTheTop = (await ada.everything(100)).map((each) => each.conversation_id);
    expect(fromTheTop.slice(0, begun.length)).toEqual(begun.toReversed());
    expect(fromTheTop.toSorted()).toEqual([...ids, ...begun, ...inserted].toSorted());
  },
);
