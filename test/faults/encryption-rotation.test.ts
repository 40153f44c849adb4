import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, it } from 'vitest';
import { entriesOf } from '../../src/conversation/keyring.js';
import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import { conversationKeys, partitionOf } from '../../src/redis/keys.js';
import { goOn } from '../support/chats.js';
import { aKey, vaultOf } from '../support/encryption.js';
import { createProxy } from '../support/faults.js';
import { startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { beginMany, Load, someAtOnce } from '../support/load.js';
import { openedBy } from '../support/opened-rows.js';
import { redisClient } from '../support/redis-contents.js';
import { createDatabase, createRedis } from '../support/stores.js';
import { expectVerified } from '../support/verified.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = 'dist/src/sync/keys-rotate.cli.js';
const [OLD, NEW] = [aKey('old'), aKey('new')];
const CONVERSATIONS = 20;
const ARCHIVED = 6;
// Two of them in conversations that are in the archive alone.
const CALLERS = 4;
const MAX_RUNS = 5;
// Some ten processes start, one after the other: a limit on what hangs, not on what is slow.
const WITHIN_MS = 300_000;

const server = await createRedis();
const redis = redisClient(server.url);
const toolLink = await createProxy(server.url);
const database = await createDatabase();
const opened = openedBy(vaultOf(NEW), database);
const stores = { REDIS_URL: server.url, DATABASE_URL: database.url };
afterEach(() => toolLink.pass());

interface Run {
  readonly status: number | null;
  readonly output: string;
}

const run = (command: string, args: readonly string[], keys: string): Promise<Run> =>
  new Promise((resolve) => {
    const env = { ...process.env, ...stores, ENCRYPTION_KEYS: keys };
    const child = execFile(command, args, { cwd: PROJECT, env }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });

/** The tool itself, with these keys. */
const rotate = (keys: string) => run(process.execPath, [TOOL], keys);

async function untilDone(work: () => Promise<Run>): Promise<Run> {
  for (let runs = 1; ; runs++) {
    const { status, output } = await work();
    if (status === 0 || runs === MAX_RUNS) return { status, output };
  }
}

let ids: string[];
let end = (): unknown => undefined;
afterAll(() => end());

/** The tool itself, to be killed. */
function startRotation(variables: Record<string, string>) {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [TOOL], { cwd: PROJECT, env, stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  end = kill;
  const exited = new Promise<string | null>((resolve) =>
    child.once('close', (_, signal) => resolve(signal)),
  );
  return { kill, exited };
}

const wrappedBy = (keyring: string | null) =>
  entriesOf(keyring ?? '').map(({ wrappingKeyId }) => wrappingKeyId);
const inSession = async (id: string) =>
  wrappedBy(await redis.hget(conversationKeys(id).meta, 'data_key'));
const inArchive = async (): Promise<string[]> => {
  const rows = await database.query<{ keyring: string }>(
    `select convert_from(data_key, 'UTF8') as keyring from conversation_sessions`,
  );
  return rows.flatMap(({ keyring }) => wrappedBy(keyring));
};
const count = (names: readonly string[], name: string) =>
  names.filter((each) => each === name).length;

it(
  'rotates keys under load, also after a run that was killed half-way, and then the old key can go',
  async () => {
    const ledger = new Ledger();
    const before = await startInstance({ ...stores, ENCRYPTION_KEYS: OLD });
    ids = await beginMany(ledger, [before], CONVERSATIONS);
    await before.admin('POST', '/admin/sync');
    for (const id of ids.slice(0, ARCHIVED))
      await before.request('POST', `/conversations/${id}/end`);
    before.kill('SIGTERM');
    expect(await before.exited).toBe(0);

    const both = { ...stores, ENCRYPTION_KEYS: `${NEW},${OLD}` };
    const services = [await startInstance(both), await startInstance(both)];
    const hot = ids.slice(ARCHIVED).toSorted((a, b) => partitionOf(a) - partitionOf(b));
    const [first, middle] = [hot[0]!, hot[hot.length / 2]!];
    const killed = startRotation({ ...both, REDIS_URL: toolLink.through(server.url) });
    const held = toolLink.holdOnce(middle);
    await Promise.race([held.reached, killed.exited]);
    killed.kill();
    expect(await killed.exited).toBe('SIGKILL');
    expect([await inSession(first), await inSession(middle)]).toEqual([['new'], ['old']]);
    expect(count(await inArchive(), 'old')).toBe(CONVERSATIONS);

    const load = new Load(ledger, services, ids.slice(ARCHIVED - 2, ARCHIVED - 2 + CALLERS));
    // A store that is slow for a moment ends a run; the next one goes on.
    const { status, output } = await untilDone(() => rotate(both.ENCRYPTION_KEYS));
    await load.stop();
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toMatch(/re-wrapping .* 100 % /);
    expect(output).toMatch(/^\d+ keyrings re-wrapped, \d+ already current, 0 unreadable$/m);
    for (const id of ids) expect(await inSession(id)).not.toContain('old');
    expect(await inArchive()).toEqual(Array.from({ length: CONVERSATIONS }, () => 'new'));

    const again = await rotate(both.ENCRYPTION_KEYS);
    expect(again.output).toMatch(/^0 keyrings re-wrapped, \d+ already current, 0 unreadable$/m);
    for (const service of services) service.kill('SIGTERM');
    await Promise.all(services.map(({ exited }) => exited));
    const after = await startInstance({ ...stores, ENCRYPTION_KEYS: NEW });
    await expectVerified(after, redis);
    // Which turns are written around a Redis that is slow for a moment, the load of this machine decides.
    const { overtaking: _, ...differences } = await ledger.compare(opened);
    expect(differences).toEqual({ lost: [], doubled: [], reordered: [] });
    await someAtOnce(ids, async (id) => {
      const { history, seq } = await goOn(after, id);
      expect(history.turns_available).toBe(Math.min(seq! - 1, 50));
      const path = `/conversations/${id}/end`;
      expect((await after.request<ConversationDto>('POST', path)).body.title).toMatch(
        /^first quest/,
      );
      expect((await goOn(after, id)).history.source).toBe('durable');
    });
  },
  WITHIN_MS,
);

it('says what it cannot unwrap, leaves it as it is, and exits with 1', async () => {
  const before = await inArchive();
  const args = ['run', '--silent', 'keys:rotate'];
  const { status, output } = await run('npm', args, aKey('newer'));
  expect({ status, output }).toMatchObject({ status: 1 });
  const sessions = (await Promise.all(ids.map(inSession))).flat().length;
  const unreadable = CONVERSATIONS + sessions;
  expect(output).toContain(`0 keyrings re-wrapped, 0 already current, ${unreadable} unreadable`);
  expect(await inArchive()).toEqual(before);
  expect((await rotate('')).output).toMatch(/^ENCRYPTION_KEYS: got nothing, takes the new key/m);
});
