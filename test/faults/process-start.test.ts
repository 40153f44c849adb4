import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { createEngine, createProxy } from '../support/faults.js';
import { askHealth } from '../support/health.js';
import type { HttpClient } from '../support/http-client.js';
import { spawnInstance, startInstance } from '../support/instance.js';
import { Ledger } from '../support/ledger.js';
import { expectProblem } from '../support/problem.js';
import { redisClient } from '../support/redis-contents.js';
import { countTurns, expectSettled } from '../support/settled.js';
import { createEmptyDatabase, createRedis } from '../support/stores.js';

// What migrate.ts takes, and how many it has to run.
const MIGRATION_LOCK = 7_405_301_118;
const MIGRATIONS = readdirSync(new URL('../../migrations', import.meta.url)).filter((name) =>
  /^\d/.test(name),
).length;
const POLL_MS = 100;

const engine = await createEngine();

/** A Redis and an empty database of a test's own, and the links of its instances to them. */
async function createScene() {
  const server = await createRedis();
  const database = await createEmptyDatabase();
  const [redisLink, postgresLink] = [
    await createProxy(server.url),
    await createProxy(database.url),
  ];
  const variables = {
    REDIS_URL: redisLink.through(server.url),
    DATABASE_URL: postgresLink.through(database.url),
    ...engine.variables,
  };
  const stores = { redis: redisClient(server.url), database };
  return { ...stores, stores, redisLink, postgresLink, variables };
}

type Scene = Awaited<ReturnType<typeof createScene>>;
type Away = 'refuse' | 'blackhole';

const [empty, abandoned] = [await createScene(), await createScene()];
const waysToBeAway = async (): Promise<[name: string, away: Away, scene: Scene][]> => [
  ['refuses connections', 'refuse', await createScene()],
  ['answers nothing', 'blackhole', await createScene()],
];
const [withoutRedis, withoutPostgres, withoutBoth] = [
  await waysToBeAway(),
  await waysToBeAway(),
  await waysToBeAway(),
];
const holder = new pg.Client({ connectionString: empty.database.url });
await holder.connect();
afterAll(() => holder.end());

/** Resolves when so many wait for their turn to migrate: processes that start, however long that takes here. */
async function migrating({ database }: Scene, count: number): Promise<void> {
  const waiting = () =>
    database.query(
      `select from pg_locks join pg_database d on d.oid = database
        where locktype = 'advisory' and not granted and datname = current_database()`,
    );
  while ((await waiting()).length !== count) await delay(POLL_MS);
}

async function expectMigratedOnce({ database }: Scene): Promise<void> {
  const rows = await database.query<{ name: string }>('select name from schema_migrations');
  expect(new Set(rows.map(({ name }) => name)).size).toBe(MIGRATIONS);
  expect(rows).toHaveLength(MIGRATIONS);
}

/** All four kinds of health. */
async function expectHealth(
  service: HttpClient,
  redis: 'up' | 'away',
  database: 'up' | 'away',
): Promise<void> {
  const healthy = { redis_healthy: redis === 'up', database_healthy: database === 'up' };
  await eventually(async () =>
    expect((await askHealth(service, '/health/sessions')).body).toMatchObject(healthy),
  );
  const keepsTurns = redis === 'up' || database === 'up';
  const status = keepsTurns ? 200 : 503;
  const word = { up: 'up', away: keepsTurns ? 'degraded' : 'down' };
  expect(await askHealth(service, '/health/live')).toMatchObject({ status: 200 });
  expect(await askHealth(service, '/health/ready')).toMatchObject({ status });
  expect(await askHealth(service, '/health')).toMatchObject({
    status,
    body: { details: { redis: { status: word[redis] }, database: { status: word[database] } } },
  });
}

it('migrates an empty database once when three instances start at once', async () => {
  await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  const starting = Promise.all([1, 2, 3].map(() => startInstance(empty.variables)));
  await migrating(empty, 3);
  await holder.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  const instances = await starting;
  await expectMigratedOnce(empty);
  const migrated = instances.filter((each) => each.output().includes('migrations applied'));
  expect(migrated).toHaveLength(1);

  const ledger = new Ledger();
  for (const instance of instances) {
    await expectHealth(instance, 'up', 'up');
    await ledger.turn(instance, 'What is attention?', { durability: 'committed' });
  }
  await expectSettled(instances[0]!, empty.stores, ledger);
});

it('migrates an empty database although the instance that was at it is killed', async () => {
  const held = abandoned.postgresLink.holdOnce('create table conversation_messages');
  const killed = await spawnInstance(abandoned.variables);
  await held.reached;
  const others = [1, 2].map(() => startInstance(abandoned.variables));
  await migrating(abandoned, 2);
  killed.kill('SIGKILL');
  await killed.exited;
  // What its kernel says for it; nothing of the others' is held.
  held.release();
  const instances = await Promise.all(others);
  await expectMigratedOnce(abandoned);

  const ledger = new Ledger();
  for (const instance of instances) await ledger.turn(instance, 'What is attention?');
  await expectSettled(instances[0]!, abandoned.stores, ledger);
});

it.each(withoutRedis)(
  'starts while Redis %s, and uses it once it is back',
  async (_, away, scene) => {
    scene.redisLink[away]();
    const service = await startInstance(scene.variables);
    await expectHealth(service, 'away', 'up');
    const ledger = new Ledger();
    const { conversationId, durability } = await ledger.turn(service, 'What is attention?');
    expect(durability).toBe('committed');

    scene.redisLink.pass();
    await expectHealth(service, 'up', 'up');
    const next = await ledger.turn(service, 'And then?', { conversationId });
    expect(next).toMatchObject({ seq: 2, durability: 'accepted' });
    await expectSettled(service, scene.stores, ledger);
  },
);

it.each(withoutPostgres)(
  'starts while Postgres %s, and migrates and archives once it is back',
  async (_, away, { postgresLink, variables, database, stores }) => {
    postgresLink[away]();
    const service = await startInstance(variables);
    await expectHealth(service, 'up', 'away');
    const ledger = new Ledger();
    const { conversationId, durability } = await ledger.turn(service, 'What is attention?');
    expect(durability).toBe('accepted');
    const calls = engine.calls;
    const refused = await ledger.ask(service, 'And now?', { durability: 'committed' });
    expectProblem(refused, 503, 'storage_unavailable');
    expect(engine.calls).toBe(calls);

    postgresLink.pass();
    await expectHealth(service, 'up', 'up');
    await eventually(async () => expect(await countTurns(database)).toBe(1));
    const next = await ledger.turn(service, 'And then?', {
      conversationId,
      durability: 'committed',
    });
    expect(next.seq).toBe(2);
    await expectSettled(service, stores, ledger);
  },
);

it.each(withoutBoth)(
  'starts while neither store is there (it %s), and takes turns once both are back',
  async (_, away, { redisLink, postgresLink, variables, stores }) => {
    redisLink[away]();
    postgresLink[away]();
    const service = await startInstance(variables);
    await expectHealth(service, 'away', 'away');
    const ledger = new Ledger();
    const calls = engine.calls;
    const refused = await ledger.ask(service, 'What is attention?');
    expectProblem(refused, 503, 'storage_unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(engine.calls).toBe(calls);

    redisLink.pass();
    postgresLink.pass();
    await expectHealth(service, 'up', 'up');
    const { conversationId } = await ledger.turn(service, 'What is attention, again?');
    await ledger.turn(service, 'And then?', { conversationId, durability: 'committed' });
    await expectSettled(service, stores, ledger);
  },
);
