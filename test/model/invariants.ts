import { isWhole, type TurnId } from './session.js';
import type { World } from './world.js';

/** What is true at every moment. */
export function checkAlways(world: World): void {
  const { redis, postgres, ledger } = world;
  for (const [turn, { id, level }] of ledger.turns) {
    const { turns, erased } = postgres.row(id);
    if (erased || turns.includes(turn)) continue;
    if (level === 'committed') ledger.fail('a committed turn is not in Postgres');
    else if (!isSafe(world, turn, id)) ledger.fail('an accepted turn is nowhere');
  }
  for (const id of world.conversations) {
    const { turns } = postgres.row(id);
    if (new Set(turns).size < turns.length) ledger.fail('a turn is doubled in Postgres');
  }
  for (const id of redis.conversations) checkSession(world, id);
}

function isSafe({ redis, postgres, incidents }: World, turn: TurnId, id: string): boolean {
  if (incidents.isGoneWithRedis(turn) || postgres.row(id).deadLetters.includes(turn)) return true;
  const session = redis.scripts.read(id);
  const index = session?.list.indexOf(turn) ?? -1;
  if (!session || index < 0 || session.base + index < session.synced) return false;
  return redis.state.dirty.has(id) && !redis.state.expiring.has(id);
}

function checkSession({ redis, ledger }: World, id: string): void {
  const session = redis.scripts.read(id);
  if (!session) return;
  const lags = session.last > session.synced;
  const hasTtl = redis.state.expiring.has(id);
  if (lags !== redis.state.dirty.has(id) || lags === hasTtl) {
    ledger.fail('unsynced, dirty and without TTL are not one');
  }
  if (new Set(session.list).size < session.list.length) ledger.noteTwice(session.list);
  if (!isWhole(session)) ledger.fail('half a session is taken for a whole one');
}

/** Whoever wrote around Redis and lives has brought its session back in step, without waiting for a sweep. */
export function checkRecovered({ postgres, ledger, incidents, conversations }: World): void {
  for (const id of conversations) {
    if (incidents.isOwed(postgres.row(id).mark ?? '')) ledger.fail('a mark waits for the sweep');
  }
}

/** What is true besides once everything is up and the sweeps have been through. */
export function checkDrained(world: World): void {
  const { redis, postgres, ledger, incidents } = world;
  checkAlways(world);
  for (const [turn, { id }] of ledger.turns) {
    const { turns, deadLetters, erased } = postgres.row(id);
    // An erasing that was not heard of counts all the same.
    if (erased || turns.includes(turn) || deadLetters.includes(turn)) continue;
    if (incidents.isHeld(turn)) ledger.fail('a turn that an instance holds is not in Postgres');
    else if (incidents.isGoneWithRedis(turn)) ledger.counts.wentWithRedis++;
    else ledger.fail('a turn is not in Postgres after the drain');
  }
  if (redis.dirty.length > 0) ledger.fail('a session is dirty after the drain');
  for (const id of ledger.erased.keys()) {
    // One that an older copy of Redis brought back is trusted by nobody, and expires.
    if (redis.trusted(id) || postgres.row(id).turns.length > 0) {
      ledger.fail('an erased conversation is back after the drain');
    }
  }
}

/** A session that is trusted, and is not the end of what Postgres has. */
export function isOutOfStep({ redis, postgres }: World, id: string): boolean {
  const session = redis.trusted(id);
  if (!session) return false;
  const { turns } = postgres.row(id);
  return turns.length !== session.last || turns.slice(session.base).join() !== session.list.join();
}

/** A turn that was sent after another one's reply stands behind it. */
export function checkOrder({ postgres, ledger, incidents }: World): void {
  for (const [later, { id, begun }] of ledger.turns) {
    const { turns } = postgres.row(id);
    for (const [earlier, before] of ledger.turns) {
      if (before.id !== id || before.at >= begun) continue;
      const [first, second] = [turns.indexOf(earlier), turns.indexOf(later)];
      if (first < 0 || second < 0 || first < second) continue;
      if (incidents.wasRefused(earlier) || incidents.isGoneWithRedis(earlier)) continue;
      if (incidents.isOvertaken(earlier, later)) ledger.counts.overtaken++;
      else ledger.fail('a turn stands before one that was acknowledged earlier');
    }
  }
}

/** Of several turns with the same If-Match one is taken. */
export function checkMatches({ ledger, incidents }: World): void {
  const matched = [...ledger.turns].filter(([, { expected }]) => expected !== undefined);
  for (const [index, [turn, { id, expected }]] of matched.entries()) {
    for (const [other, its] of matched.slice(index + 1)) {
      if (its.id !== id || its.expected !== expected) continue;
      const store = ledger.onlyStoreOf(turn);
      if (!store || store !== ledger.onlyStoreOf(other)) ledger.counts.matchedInBoth++;
      else if (store === 'Redis' && incidents.isRenumbered(id)) ledger.counts.matchedAfterLoss++;
      else ledger.fail('two turns with the same If-Match were taken');
    }
  }
}
