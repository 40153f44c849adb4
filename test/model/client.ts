import type { Instance } from './instance.js';
import { Denied, DENIED, ignore, type Process, Unavailable } from './process.js';
import type { NewTurn, TurnId } from './session.js';
import type { World } from './world.js';

const ACTIONS = 6;
/** What users do again and again. */
const HABITS = [
  ['say'],
  ['say', 'say', 'say', 'read'],
  ['say', 'read', 'say next', 'say next'],
  ['say next'],
  ['say', 'repeat', 'read', 'end'],
  ['say', 'say', 'repeat', 'read', 'erase'],
] as const;
const TRIES = 3;

type Request = NewTurn & { readonly begun: number };

/** Begins a conversation; once it has begun, three go on with it at the same time. */
export function* conversation(world: World, id: string): Process {
  const first = newTurn(world, id, `${id}0`, true);
  yield* send(world, first);
  for (const name of ['x', 'y', 'z']) world.start(null, client(world, first, id + name));
}

/** A user who does one thing after another. */
function* client(world: World, first: Request, name: string): Process {
  const { id } = first;
  const actions = world.random.of(HABITS);
  let sent = first;
  for (let action = 1; action <= ACTIONS; action++) {
    switch (world.random.of(actions)) {
      case 'say':
        yield* send(world, (sent = newTurn(world, id, name + action, false)));
        break;
      case 'say next':
        yield* sayNext(world, newTurn(world, id, name + action, false));
        break;
      case 'repeat':
        if (sent.keyed) yield* request(world, (instance) => answer(instance, sent));
        break;
      case 'read':
        yield* request(world, (instance) => instance.history.recall(id, world.now));
        break;
      case 'end':
        yield* request(world, (instance) => instance.history.end(id));
        break;
      case 'erase':
        yield* request(world, (instance) => erase(instance, id));
        break;
    }
  }
}

function newTurn(world: World, id: string, turn: TurnId, create: boolean): Request {
  const { random, now } = world;
  if (random.mishap('turn refused')) world.refuse(turn);
  const durability = random.chance(0.3) ? 'committed' : 'accepted';
  const keyed = random.chance(0.5);
  return { id, turn, create, keyed, retry: false, expected: undefined, durability, begun: now };
}

/** One turn; with an Idempotency-Key it may come twice at once, and again after a failure. */
function* send(world: World, turn: Request): Process {
  if (turn.keyed && world.random.chance(0.2)) {
    world.start(
      null,
      request(world, (instance) => answer(instance, turn)),
    );
  }
  yield* request(world, (instance) => answer(instance, turn));
  for (let tries = 1; tries < TRIES && turn.keyed; tries++) {
    if (world.ledger.turns.has(turn.turn) || world.random.chance(0.3)) return;
    yield* request(world, (instance) => answer(instance, turn));
  }
}

/** One turn with If-Match: only if nobody has said anything since. */
function* sayNext(world: World, turn: Request): Process {
  let expected: number | undefined;
  yield* request(world, function* (instance) {
    expected = (yield* instance.history.recall(turn.id, world.now)).last;
  });
  if (expected !== undefined) yield* send(world, { ...turn, expected });
}

/** src/chat/idempotent-turns.ts. A claim may always have lapsed: nobody is kept waiting for its holder. */
function* answer(instance: Instance, turn: Request): Process {
  const { world, history, claims } = instance;
  const sent = world.now;
  const isKnown = turn.keyed && (yield* claims.take(turn));
  const found = isKnown ? yield* history.find(turn) : null;
  const level = found ?? (yield* append(instance, { ...turn, retry: isKnown }, sent));
  world.ledger.acknowledge(turn, level);
}

/** src/chat/chat.service.ts. */
function* append(
  { history }: Instance,
  turn: NewTurn,
  sent: number,
): Process<NewTurn['durability']> {
  if (!turn.create) {
    const { last } = yield* history.recall(turn.id, sent);
    if (turn.expected !== undefined && turn.expected !== last) throw DENIED;
  }
  return yield* history.append(turn);
}

function* erase({ world, history }: Instance, id: string): Process {
  const inBoth = yield* history.erase(id);
  world.ledger.noteErased(id, inBoth);
}

/** Resolves when the instance has answered, or died over it. */
function* request(world: World, work: (instance: Instance) => Process<unknown>): Process {
  const instance = world.random.of(world.instances);
  const running = world.start(instance, answered(work(instance)));
  while (!running.isOver) yield 'waits';
}

function* answered(work: Process<unknown>): Process {
  try {
    yield* work;
  } catch (error) {
    ignore(error, Unavailable, Denied);
  }
}
