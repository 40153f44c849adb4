import { ignore, type Instance, type NewTurn, type Process, Refused } from './instance.js';
import type { TurnId } from './redis.js';
import type { World } from './world.js';

const ACTIONS = 6;
/** What users do again and again. */
const HABITS = [
  ['say'],
  ['say', 'say', 'say', 'read'],
  ['say', 'read', 'end'],
  ['say', 'say', 'read', 'read', 'erase'],
] as const;
const TRIES = 3;

/** Begins a conversation; once it has begun, three go on with it at the same time. */
export function* conversation(world: World, id: string): Process {
  yield* say(world, id, `${id}0`, true);
  for (const name of ['x', 'y', 'z']) world.start(null, client(world, id, id + name));
}

/** A user who does one thing after another. */
function* client(world: World, id: string, name: string): Process {
  const actions = world.random.of(HABITS);
  for (let action = 1; action <= ACTIONS; action++) {
    switch (world.random.of(actions)) {
      case 'say':
        yield* say(world, id, name + action, false);
        break;
      case 'read':
        yield* request(world, (instance) => read(world, instance, id));
        break;
      case 'end':
        yield* request(world, (instance) => end(instance, id));
        break;
      case 'erase':
        yield* request(world, (instance) => erase(world, instance, id));
        break;
    }
  }
}

/** One turn, repeated with the same id as a retry with its Idempotency-Key is. */
function* say(world: World, id: string, turn: TurnId, create: boolean): Process {
  const durability = world.random.chance(0.3) ? 'committed' : 'accepted';
  const begun = world.now;
  if (world.random.mishap('refused turn')) world.refuse(turn);
  for (let tries = 0; tries < TRIES; tries++) {
    const attempt: NewTurn = { id, turn, create, retry: tries > 0, durability };
    let level: 'accepted' | 'committed' | undefined;
    yield* request(world, function* (instance) {
      if (!create) yield* recall(world, instance, id, begun);
      level = yield* instance.append(attempt);
      world.ledger.acknowledge(turn, id, level, begun);
    });
    if (level !== undefined || world.random.chance(0.4)) return;
  }
}

/** Resolves when the instance has answered, or died over it. */
function* request(world: World, work: (instance: Instance) => Process): Process {
  const instance = world.random.of(world.instances);
  const running = world.start(instance, answered(work(instance)));
  while (!running.isOver) yield 'waits';
}

function* answered(work: Process): Process {
  try {
    yield* work;
  } catch (error) {
    ignore(error, Refused);
  }
}

function* recall(world: World, instance: Instance, id: string, begun: number): Process {
  const { turns, session } = yield* instance.recall(id);
  if (session) world.ledger.noteTrustedRead(id, begun, session.base, turns);
}

function* read(world: World, instance: Instance, id: string): Process {
  yield* recall(world, instance, id, world.now);
}

function* end(instance: Instance, id: string): Process {
  yield* instance.end(id);
}

function* erase(world: World, instance: Instance, id: string): Process {
  const inBoth = yield* instance.erase(id);
  world.ledger.noteErased(id, inBoth);
}
