import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { Database } from '../../src/persistence/database.js';
import { DatabaseOlderTurns } from '../../src/persistence/database.older-turns.js';
import { OwnClient } from '../support/conversations.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.js';
import { startService } from '../support/service.js';
import { createDatabase } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

const store = await createDatabase();
const mode = { HISTORY_MODE: 'database', DATABASE_URL: store.url };
const service = await startService({ ...mode, ...JWT_VARIABLES });
const ada = new OwnClient(service, bearer(await tokenOf('ada')));

let timesAway = 0;
service.app.get(Database, { strict: false }).breaker.onOpened(() => timesAway++);

/** Whoever reads conversations from now on takes longer than a client waits for any statement. */
const slowDown = () =>
  store.query(
    `alter table conversation_sessions rename to stored_sessions;
     create view conversation_sessions as select s.* from pg_sleep(10), stored_sessions s`,
  );
afterEach(() =>
  store.query(
    `drop view conversation_sessions;
     alter table stored_sessions rename to conversation_sessions`,
  ),
);

const slowStatements = () =>
  store.query(
    `select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'openta-conversations' and state = 'active'`,
  );

it('gives up a search that takes too long, and goes on with everything else', async () => {
  await ada.say('Where do zebras live?');
  await slowDown();
  const reply = await service.request('GET', '/conversations/search?q=zebras', ada);
  const problem = expectProblem(reply, 503, 'storage_unavailable');
  expect(problem.detail).toContain('This search takes too long now');
  expect(reply.headers.get('retry-after')).toBe('10');
  expect(await slowStatements()).toEqual([]);
  expect(timesAway).toBe(0);
});

it('answers without older turns that take too long to be looked through, and looks no further', async () => {
  const older = service.app.get(DatabaseOlderTurns, { strict: false });
  await slowDown();
  const asked = { conversationId: randomUUID(), owner: null, beforeSeq: 9, fragments: [] };
  expect(await older.related({ ...asked, text: 'zebras' })).toEqual([]);
  await eventually(async () => expect(await slowStatements()).toEqual([]));
  expect(timesAway).toBe(0);
});
