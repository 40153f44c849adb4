import type { TurnId } from './redis.js';
import type { World } from './world.js';

interface Acknowledged {
  readonly id: string;
  readonly level: 'accepted' | 'committed';
  readonly begun: number;
  readonly at: number;
}

/** What clients were told, and whether it is still true. */
export class Ledger {
  /** The first few; a schedule that goes wrong goes wrong at every step. */
  readonly violations = new Set<string>();
  readonly turns = new Map<TurnId, Acknowledged>();
  readonly counts = { trustedReads: 0, staleReads: 0, overtaken: 0, wentWithRedis: 0 };
  private readonly erased = new Map<string, { at: number; inBoth: boolean }>();
  private readonly goneWithRedis = new Set<TurnId>();
  private readonly overtaken = new Set<string>();

  constructor(private readonly world: World) {}

  acknowledge(turn: TurnId, id: string, level: 'accepted' | 'committed', begun: number): void {
    const erased = this.erased.get(id);
    if (erased && erased.at < begun && erased.inBoth) {
      this.fail('a turn was taken by a conversation that was erased before');
    }
    if (!erased) this.turns.set(turn, { id, level, begun, at: this.world.now });
  }

  /** @param inBoth the session in Redis is known to be gone. */
  noteErased(id: string, inBoth: boolean): void {
    this.erased.set(id, { at: this.world.now, inBoth });
    for (const [turn, acknowledged] of this.turns) {
      if (acknowledged.id === id) this.turns.delete(turn);
    }
  }

  isErased(id: string): boolean {
    return this.erased.has(id);
  }

  /** These turns were in Redis alone when it was lost. */
  noteGoneWithRedis(had: readonly TurnId[]): void {
    const still = new Set(this.world.redis.unflushed);
    for (const turn of had) if (!still.has(turn)) this.goneWithRedis.add(turn);
  }

  /** A turn was written around Redis while that one held earlier ones: Postgres numbers it before them. */
  noteOvertaken(id: string, by: TurnId): void {
    const { postgres } = this.world;
    for (const [turn, acknowledged] of this.turns) {
      if (acknowledged.id === id && !postgres.row(id).turns.includes(turn)) {
        this.overtaken.add(`${turn} ${by}`);
      }
    }
  }

  /** A reply showed these turns, from a session that its instance trusts. */
  noteTrustedRead(id: string, begun: number, base: number, shown: readonly TurnId[]): void {
    const erased = this.erased.get(id);
    if (erased && erased.at < begun && erased.inBoth) this.fail('an erased conversation was shown');
    this.counts.trustedReads++;
    const { turns, mark } = this.world.postgres.row(id);
    const missed = turns.some((turn, index) => {
      const acknowledged = this.turns.get(turn);
      return index >= base && acknowledged && acknowledged.at < begun && !shown.includes(turn);
    });
    if (missed && mark === null) this.counts.staleReads++;
  }

  /** What is true at every moment. */
  check(): void {
    const { redis, postgres } = this.world;
    for (const [turn, { id, level }] of this.turns) {
      const row = postgres.row(id);
      if (row.erased) continue;
      const rows = row.turns.filter((each) => each === turn).length;
      if (rows > 1) this.fail('a turn is doubled');
      if (rows > 0) continue;
      if (level === 'committed') this.fail('a committed turn is not in Postgres');
      else if (!this.isSafe(turn, id)) this.fail('an accepted turn is nowhere');
    }
    for (const id of redis.conversations) this.checkSession(id);
  }

  /** What is true besides once everything is up and has been drained. */
  checkDrained(): void {
    const { redis, postgres } = this.world;
    this.check();
    for (const [turn, { id }] of this.turns) {
      const { turns, deadLetters, erased } = postgres.row(id);
      // An erasing that was not heard of counts all the same.
      if (erased || turns.includes(turn) || deadLetters.includes(turn)) continue;
      if (this.goneWithRedis.has(turn)) this.counts.wentWithRedis++;
      else this.fail('a turn is not in Postgres after the drain');
    }
    if (redis.dirty.length > 0) this.fail('a session is dirty after the drain');
    for (const id of this.erased.keys()) {
      // One that an older copy of Redis brought back is trusted by nobody, and expires.
      if (redis.trusted(id) || postgres.row(id).turns.length > 0) {
        this.fail('an erased conversation is back after the drain');
      }
    }
    for (const id of redis.conversations) {
      if (this.isStale(id)) this.fail('a session that is trusted is not what Postgres has');
    }
    this.checkOrder();
  }

  /** A session that is trusted, and is not the end of what Postgres has. */
  private isStale(id: string): boolean {
    const { redis, postgres } = this.world;
    const session = redis.trusted(id);
    if (!session) return false;
    const { turns } = postgres.row(id);
    return (
      turns.length !== session.last || turns.slice(session.base).join() !== session.list.join()
    );
  }

  private isSafe(turn: TurnId, id: string): boolean {
    if (this.goneWithRedis.has(turn) || this.world.postgres.row(id).deadLetters.includes(turn)) {
      return true;
    }
    const { redis } = this.world;
    const session = redis.session(id);
    const index = session?.list.indexOf(turn) ?? -1;
    const isUnsynced =
      session !== undefined && index >= 0 && session.base + index >= session.synced;
    return isUnsynced && redis.isDirty(id) && !redis.hasTtl(id);
  }

  private checkSession(id: string): void {
    const { redis } = this.world;
    const session = redis.session(id);
    if (!session) return;
    const lags = session.last > session.synced;
    if (lags !== redis.isDirty(id) || lags === redis.hasTtl(id)) {
      this.fail('unsynced, dirty and without TTL are not one');
    }
    if (new Set(session.list).size < session.list.length) {
      this.fail('a session holds a turn twice');
    }
    if (session.list.length !== session.last - session.base) {
      this.fail('the list has another length than its counters say');
    }
  }

  /** A turn that was sent after another one's reply stands behind it. */
  private checkOrder(): void {
    const { postgres } = this.world;
    for (const [later, { id, begun }] of this.turns) {
      const { turns } = postgres.row(id);
      for (const [earlier, before] of this.turns) {
        if (before.id !== id || before.at >= begun) continue;
        const [first, second] = [turns.indexOf(earlier), turns.indexOf(later)];
        if (first < 0 || second < 0 || first < second) continue;
        if (this.world.wasPoison.has(earlier) || this.goneWithRedis.has(earlier)) continue;
        if (this.overtaken.has(`${earlier} ${later}`)) this.counts.overtaken++;
        else this.fail('a turn stands before one that was acknowledged earlier');
      }
    }
  }

  fail(what: string): void {
    this.violations.add(what);
  }
}
