import { conversation } from './client.js';
import {
  checkAlways,
  checkDrained,
  checkMatches,
  checkOrder,
  checkRecovered,
  isOutOfStep,
} from './invariants.js';
import type { Ledger } from './ledger.js';
import { Random } from './random.js';
import { type Rule, RULES } from './rules.js';
import { World } from './world.js';

const EVENTFUL_STEPS = 600;
const CALM_STEPS = 20_000;
// What Redis has lost behind a gap is archived by the second that finds it so.
const SWEEPS_TO_DRAIN = 2;

/** Runs one random schedule to its end. The same seed gives the same schedule. */
export function runSchedule(seed: number, removed: ReadonlySet<Rule>): Ledger {
  const needed = [...removed].flatMap((rule) => RULES[rule].needed);
  const world = new World(new Random(seed, needed), removed);
  for (const { redis } of world.instances) redis.connect();
  for (const id of world.conversations) world.start(null, conversation(world, id));
  for (let step = 0; step < EVENTFUL_STEPS && !world.isIdle; step++) {
    befall(world);
    goOn(world);
    checkAlways(world);
  }
  comeUp(world);
  drain(world);
  retryDeadLetters(world);
  checkOrder(world);
  checkMatches(world);
  checkInStep(world);
  return world.ledger;
}

function goOn(world: World): void {
  const { random, instances } = world;
  // The breaker's probe and the sweep's clock.
  for (const instance of instances) {
    const { redis } = instance;
    if (redis.isOpen && !redis.isProbing && random.chance(0.3)) {
      world.start(instance, redis.probe());
    }
  }
  if (!random.isCalm && random.chance(0.01)) {
    const instance = random.of(instances);
    world.start(instance, instance.sweep());
  }
  if (random.chance(0.05)) world.carryOutLate();
  world.step();
}

/** What may happen to anybody at any moment. */
function befall(world: World): void {
  const { redis, postgres, random, instances, conversations } = world;
  if (random.mishap('copy of Redis')) redis.copy();
  if (random.mishap('Redis rolled back')) world.restartRedis(random.below(4));
  if (random.mishap('Redis emptied')) world.restartRedis('empty');
  if (random.mishap('Redis flushed')) world.flushRedis();
  if (random.mishap('Redis restarted')) world.restartRedis('whole');
  if (random.mishap('Redis away')) redis.reachable = !redis.reachable;
  if (random.mishap('Redis frozen')) redis.frozen = !redis.frozen;
  if (random.mishap('Postgres away')) {
    postgres.reachable = !postgres.reachable;
    for (const instance of instances) instance.rescueSoon();
  }
  if (random.mishap('Redis cut off')) toggleLink(random.of(instances).redis);
  if (random.mishap('Postgres cut off')) toggleLink(random.of(instances).postgres);
  if (random.mishap('instance killed')) world.crash(random.of(instances));
  if (random.mishap('session expired')) redis.expire(random.of(conversations), 'expired');
  if (random.mishap('session evicted')) redis.expire(random.of(conversations), 'evicted');
  if (random.mishap('letter retried')) retryLettersOf(world, random.of(conversations));
}

function toggleLink(connection: { linked: boolean }): void {
  connection.linked = !connection.linked;
}

/** Everything comes up, and whatever runs goes on to its end. */
function comeUp(world: World): void {
  const { redis, postgres, random, instances } = world;
  random.calmDown();
  redis.reachable = true;
  redis.frozen = false;
  postgres.reachable = true;
  for (const instance of instances) instance.redis.linked = instance.postgres.linked = true;
  settle(world);
  checkRecovered(world);
}

function drain(world: World): void {
  for (let sweeps = 0; sweeps < SWEEPS_TO_DRAIN; sweeps++) {
    for (const instance of world.instances) {
      world.start(instance, instance.sweep());
      settle(world);
    }
  }
  checkDrained(world);
}

function retryDeadLetters(world: World): void {
  for (const id of world.conversations) retryLettersOf(world, id);
  settle(world);
  checkDrained(world);
}

function retryLettersOf(world: World, id: string): void {
  const instance = world.random.of(world.instances);
  for (const turn of world.postgres.row(id).deadLetters) {
    if (world.random.isCalm || world.random.chance(0.5)) world.accept(turn);
    world.start(instance, instance.retryDeadLetter(id, turn));
  }
}

/** What disagrees when all is quiet must be found out by the flushes of the next turns. */
function checkInStep(world: World): void {
  const { ledger, incidents, instances } = world;
  for (const id of world.conversations.filter((each) => isOutOfStep(world, each))) {
    ledger.counts.staleWhenQuiet++;
    const isExcused = incidents.isUntold(id) || world.redis.trusted(id)!.beganAgain;
    if (!isExcused) ledger.fail('a trusted session is not what Postgres has');
    for (const turn of [`${id}8`, `${id}9`]) {
      const request = { id, turn, create: false, keyed: false, retry: false, expected: undefined };
      const appended = instances[0]!.history.append({ ...request, durability: 'accepted' });
      world.start(
        null,
        (function* () {
          yield* appended;
        })(),
      );
      settle(world);
    }
    if (isOutOfStep(world, id)) ledger.fail('a session stays stale after two more turns');
  }
}

function settle(world: World): void {
  const isQuiet = () => world.isIdle && world.instances.every(({ redis }) => !redis.isOpen);
  for (let step = 0; step < CALM_STEPS && !isQuiet(); step++) goOn(world);
  if (!isQuiet()) world.ledger.fail('something does not come to an end');
}
