import { conversation } from './client.js';
import type { Ledger } from './ledger.js';
import { Random } from './random.js';
import { type Rule, RULES } from './rules.js';
import { World } from './world.js';

const CONVERSATIONS = ['a', 'b'];
const EVENTFUL_STEPS = 600;
const CALM_STEPS = 20_000;
const SWEEPS_TO_DRAIN = 3;

/** Runs one random schedule to its end. The same seed gives the same schedule. */
export function runSchedule(seed: number, removed: ReadonlySet<Rule>): Ledger {
  const needed = [...removed].flatMap((rule) => RULES[rule].needed);
  const world = new World(new Random(seed, needed), removed);
  for (const instance of world.instances) instance.connect();
  for (const id of CONVERSATIONS) world.start(null, conversation(world, id));
  for (let step = 0; step < EVENTFUL_STEPS && !world.isIdle; step++) {
    befall(world);
    goOn(world);
    world.ledger.check();
  }
  drain(world);
  world.ledger.checkDrained();
  return world.ledger;
}

function goOn(world: World): void {
  const { random, instances } = world;
  // The breaker's probe and the sweep's clock.
  for (const instance of instances) {
    if (!instance.trusted && !instance.isProbing && random.chance(0.3)) {
      world.start(instance, instance.probe());
    }
  }
  if (random.chance(0.01)) {
    const instance = random.of(instances);
    world.start(instance, instance.sweep());
  }
  if (!world.isIdle) world.step();
}

/** What may happen to anybody at any moment. */
function befall(world: World): void {
  const { redis, postgres, random, instances } = world;
  if (random.mishap('copy of Redis')) redis.copy();
  if (random.mishap('Redis rolled back')) world.restartRedis(random.below(4));
  if (random.mishap('Redis emptied')) world.restartRedis('empty');
  if (random.mishap('Redis flushed')) world.flushRedis();
  if (random.mishap('Redis restarted')) world.restartRedis('whole');
  if (random.mishap('Redis away')) redis.reachable = !redis.reachable;
  if (random.mishap('Redis frozen')) {
    if (redis.frozen) redis.wake();
    else redis.frozen = true;
  }
  if (random.mishap('Postgres away')) postgres.reachable = !postgres.reachable;
  if (random.mishap('link broken')) {
    const instance = random.of(instances);
    instance.linked = !instance.linked;
  }
  if (random.mishap('instance killed')) world.crash(random.of(instances));
  if (random.mishap('session expired')) redis.expire(random.of(CONVERSATIONS), 'expired');
  if (random.mishap('session evicted')) redis.expire(random.of(CONVERSATIONS), 'evicted');
}

/** Everything comes up, whatever runs goes on to its end, and sweeps flush the rest. */
function drain(world: World): void {
  const { redis, postgres, random, instances } = world;
  random.calmDown();
  redis.reachable = true;
  postgres.reachable = true;
  redis.wake();
  for (const instance of instances) instance.linked = true;
  settle(world);
  world.acceptAll();
  for (const id of CONVERSATIONS) {
    for (const turn of postgres.row(id).deadLetters) postgres.retryDeadLetter(id, turn);
  }
  for (let sweep = 0; sweep < SWEEPS_TO_DRAIN; sweep++) {
    for (const instance of instances) world.start(instance, instance.sweep());
    settle(world);
  }
}

function settle(world: World): void {
  for (let step = 0; step < CALM_STEPS && !world.isIdle; step++) goOn(world);
  if (!world.isIdle) world.ledger.fail('something does not come to an end');
}
