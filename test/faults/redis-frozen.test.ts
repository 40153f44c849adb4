import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startInstance } from '../support/instance.js';
import { type AcknowledgedTurn, Ledger } from '../support/ledger.js';
import { beginMany, Load, percentile } from '../support/load.js';
import { createStage, redisIs } from '../support/stage.js';
import { expectVerified } from '../support/verified.js';

const FROZEN_FOR_MS = 8000;
const REDIS_TIMEOUT_MS = 500;
const PROMISED_P95_MS = 300;
// Few, so that the service is measured and not what the machine can do at once.
const CALLERS = 4;
const MEASURED_TURNS = 50;
const USUAL_TURNS = 10;

const { redis, database, postgresLink, engine, settle } = await createStage();
// In a process of its own: the callers would be measured too.
const service = await startInstance({
  REDIS_URL: redis.url,
  DATABASE_URL: postgresLink.through(database.url),
  ...engine.variables,
});

const tookMs = ({ askedMs, answeredMs }: AcknowledgedTurn) => answeredMs - askedMs;

/** Committed turns of all callers at once, as they are when Redis is away. */
async function commitAll(ledger: Ledger, begun: readonly string[], count: number, subject: string) {
  const turns: AcknowledgedTurn[] = [];
  await Promise.all(
    begun.map(async (conversationId) => {
      const asked = { conversationId, durability: 'committed' } as const;
      for (let turn = 0; turn < count; turn++) {
        turns.push(await ledger.turn(service, `question ${turn} ${subject}`, asked));
      }
    }),
  );
  return turns;
}

/** What a machine that has much else to do takes without a fault, several times over, is not the service's. */
const limitOn = (usual: readonly AcknowledgedTurn[]) =>
  PROMISED_P95_MS + 4 * percentile(usual.map(tookMs), 0.95);

it('costs the first requests their timeout at most, and the next ones nothing, when Redis freezes', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], CALLERS);
  await expectVerified(service, redis.client);
  const usual = await commitAll(ledger, begun, USUAL_TURNS, 'with Redis');
  const load = new Load(ledger, [service], begun);
  const grown = ledger.acknowledged.length + 5 * CALLERS;
  await eventually(() => expect(ledger.acknowledged.length).toBeGreaterThan(grown));
  const frozenAtMs = performance.now();
  redis.freeze();
  await redisIs('away', service);
  const knownAtMs = performance.now();
  await delay(FROZEN_FOR_MS - (knownAtMs - frozenAtMs));
  await redisIs('away', service);
  const thawnAtMs = performance.now();
  redis.thaw();
  await redisIs('up', service);
  await load.stop();
  expect(load.refused).toEqual([]);
  expect(load.broken).toBe(0);

  const frozen = ledger.acknowledged.filter(
    ({ askedMs, answeredMs }) => answeredMs > frozenAtMs && askedMs < thawnAtMs,
  );
  const first = frozen.filter(({ askedMs }) => askedMs < knownAtMs).map(tookMs);
  const next = frozen.filter(({ askedMs }) => askedMs >= knownAtMs).map(tookMs);
  const [slowest, p95] = [percentile(first, 1), percentile(next, 0.95)];
  console.log(
    `Redis frozen: the slowest of the first ${slowest.toFixed(0)} ms, then ${next.length} turns, p95 ${p95.toFixed(0)} ms`,
  );
  // Once, and not again for the append what the recall has found out.
  expect(slowest).toBeLessThan(REDIS_TIMEOUT_MS + limitOn(usual));
  expect(p95).toBeLessThan(limitOn(usual));
  await settle(service, ledger);
});

it('answers in time while nothing comes through to Redis', async () => {
  const ledger = new Ledger();
  const begun = await beginMany(ledger, [service], CALLERS);
  await expectVerified(service, redis.client);
  const usual = await commitAll(ledger, begun, USUAL_TURNS, 'with Redis');
  redis.proxy.blackhole();
  const [firstId] = begun;
  const first = await ledger.turn(service, 'first', { conversationId: firstId! });
  await redisIs('away', service);
  const turns = await commitAll(ledger, begun, MEASURED_TURNS, 'without Redis');
  await redisIs('away', service);
  for (const { durability } of [first, ...turns]) expect(durability).toBe('committed');
  const p95 = percentile(turns.map(tookMs), 0.95);
  console.log(
    `Redis blackholed: the first ${tookMs(first).toFixed(0)} ms, then ${turns.length} turns, p95 ${p95.toFixed(0)} ms`,
  );
  expect(p95).toBeLessThan(limitOn(usual));
  redis.proxy.pass();
  await settle(service, ledger);
});
