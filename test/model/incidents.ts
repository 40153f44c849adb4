import type { Instance } from './instance.js';
import type { Batch } from './postgres.js';
import type { TurnId } from './session.js';
import type { World } from './world.js';

/** What happened that excuses something; the service knows nothing of it. */
export class Incidents {
  private readonly refused = new Set<TurnId>();
  private readonly goneWithRedis = new Set<TurnId>();
  private readonly countedTwice = new Set<TurnId>();
  private readonly overtaken = new Set<string>();
  private readonly untold = new Set<string>();
  private readonly marked = new Map<TurnId, number>();
  private readonly owed = new Map<TurnId, Instance>();
  private readonly held = new Map<TurnId, Instance>();
  private readonly distrusted = new Set<TurnId>();
  private redisLostAt = -1;
  private readonly tombstones = new Map<string, number>();
  private flushes = 0;

  constructor(private readonly world: World) {}

  noteRefused(turn: TurnId): void {
    this.refused.add(turn);
  }

  /** These turns were in Redis alone when it was lost. */
  noteGoneWithRedis(had: readonly TurnId[]): void {
    const still = new Set(this.world.redis.unflushed);
    for (const turn of had) if (!still.has(turn)) this.goneWithRedis.add(turn);
    this.redisLostAt = this.world.now;
  }

  isGoneWithRedis(turn: TurnId): boolean {
    return this.goneWithRedis.has(turn);
  }

  /** Redis has given another number to a turn that Postgres had already, and that was trimmed or late. */
  noteCountedTwice(turn: TurnId): void {
    this.countedTwice.add(turn);
  }

  /** Postgres may have numbered the turns of this conversation otherwise than Redis did. */
  isRenumbered(id: string): boolean {
    const turns = [...this.goneWithRedis, ...this.refused, ...this.countedTwice];
    return turns.some((turn) => turn.startsWith(id));
  }

  noteTombstone(id: string): void {
    this.tombstones.set(id, this.world.now);
  }

  /** With Redis went what shuts an erased conversation: until a flush finds the tombstone, a turn is taken again. */
  isOpenedAgain(id: string): boolean {
    return this.redisLostAt >= (this.tombstones.get(id) ?? Infinity);
  }

  wasRefused(turn: TurnId): boolean {
    return this.refused.has(turn);
  }

  /** A turn was written around Redis while that one held earlier ones: Postgres numbers it before them. */
  noteOvertaken(id: string, by: TurnId): void {
    const { turns } = this.world.postgres.row(id);
    for (const [turn, acknowledged] of this.world.ledger.turns) {
      if (acknowledged.id === id && !turns.includes(turn)) this.overtaken.add(`${turn} ${by}`);
    }
  }

  isOvertaken(turn: TurnId, by: TurnId): boolean {
    return this.overtaken.has(`${turn} ${by}`);
  }

  /** The acknowledged turn that this instance holds, and that follows directly on the archive. */
  ownNext({ rescue }: Instance, id: string): TurnId | undefined {
    const { turns } = this.world.postgres.row(id);
    const newest = turns.at(-1) ?? '';
    const next = rescue.of(id).find(({ turn }) => !turns.includes(turn));
    const follows = next?.previous === newest && next.seq === turns.length + 1;
    return follows && this.world.ledger.turns.has(next.turn) ? next.turn : undefined;
  }

  nextFlush(): number {
    return ++this.flushes;
  }

  /** This flush has committed, and is yet to acknowledge. */
  noteUntold({ flush, id }: Batch): void {
    this.untold.add(`${flush} ${id}`);
  }

  noteTold({ flush, id }: Batch): void {
    this.untold.delete(`${flush} ${id}`);
  }

  /** A flush was cut short, or is at it, between its commit and its acknowledgement. */
  isUntold(id: string): boolean {
    return [...this.untold].some((flush) => flush.endsWith(` ${id}`));
  }

  /** Postgres has this turn from elsewhere than Redis, and has marked its conversation. */
  noteMarked(turn: TurnId): void {
    this.marked.set(turn, this.world.now);
  }

  /** This instance is to recover what it has written around Redis. */
  noteOwed(turn: TurnId, by: Instance): void {
    this.owed.set(turn, by);
  }

  /** This instance knows that Redis has accepted the turn, and holds it. */
  noteHeld(turn: TurnId, by: Instance): void {
    this.held.set(turn, by);
  }

  /** What it held is gone. */
  noteDied(instance: Instance): void {
    for (const [turn, by] of this.held) if (by === instance) this.held.delete(turn);
  }

  isHeld(turn: TurnId): boolean {
    return this.held.has(turn);
  }

  /** The session that this turn went around lost its trust before the reply. */
  noteDistrusted(turn: TurnId): void {
    this.distrusted.add(turn);
  }

  wasDistrusted(turn: TurnId): boolean {
    return this.distrusted.has(turn);
  }

  /** It has died, or could not: a sweep has to. */
  noteLeftToSweep(instance: Instance): void {
    for (const [turn, by] of this.owed) if (by === instance) this.owed.delete(turn);
  }

  /** Recovery has left this mark to the next one, as somebody held its row. */
  noteMarkHeld(id: string): void {
    this.owed.delete(this.world.postgres.row(id).mark ?? '');
  }

  /** -Infinity: never. */
  markedAt(turn: TurnId): number {
    return this.marked.get(turn) ?? -Infinity;
  }

  /** Redis does not have it any more, though Postgres never took it. */
  wasLost(turn: TurnId): boolean {
    return this.goneWithRedis.has(turn) || this.refused.has(turn);
  }

  isOwed(turn: TurnId): boolean {
    return this.owed.has(turn);
  }
}
