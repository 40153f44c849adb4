import { Incidents } from './incidents.js';
import { Instance } from './instance.js';
import { Ledger } from './ledger.js';
import {
  type AcceptedTurn,
  type Appended,
  type Batch,
  type Committed,
  type Marked,
  ModelPostgres,
  type Rescued,
} from './postgres.js';
import { ignore, Poison, type Process } from './process.js';
import type { Random } from './random.js';
import { ModelRedis } from './redis.js';
import type { Rule } from './rules.js';
import type { NewTurn, TurnId } from './session.js';

const INSTANCES = 3;
const SWITCH = 0.2;

interface Running {
  readonly instance: Instance | null;
  readonly process: Process;
  isOver: boolean;
}

/** Everything there is in one schedule: both stores, the instances, what runs, and what was promised. */
export class World {
  readonly redis: ModelRedis;
  readonly postgres: ModelPostgres;
  readonly instances: readonly Instance[];
  readonly conversations = ['a', 'b'];
  readonly ledger: Ledger;
  readonly incidents: Incidents;
  /** Counts the steps of all. */
  now = 0;
  private readonly refused = new Set<TurnId>();
  private lateCommits: (() => unknown)[] = [];
  private running: Running[] = [];
  private current: Running | undefined;

  constructor(
    readonly random: Random,
    readonly removed: ReadonlySet<Rule>,
  ) {
    this.ledger = new Ledger(this);
    this.incidents = new Incidents(this);
    this.redis = new ModelRedis(removed, (turn, session) => {
      session.beganAgain ||= turn.create && this.ledger.hasGoneOn(turn);
      if (this.postgres.row(turn.id).turns.includes(turn.turn)) {
        this.incidents.noteCountedTwice(turn.turn);
      }
      this.ledger.notePassed(turn, 'Redis');
    });
    this.postgres = new ModelPostgres(
      removed,
      (turn) => this.refused.has(turn),
      (turn) => this.ledger.notePassed(turn, 'Postgres'),
    );
    this.instances = Array.from({ length: INSTANCES }, () => new Instance(this));
  }

  get isIdle(): boolean {
    return this.running.length === 0 && this.lateCommits.length === 0;
  }

  /** @param instance it dies with; null: it is no part of the service. */
  start(instance: Instance | null, process: Process): { readonly isOver: boolean } {
    const running = { instance, process, isOver: false };
    this.running.push(running);
    return running;
  }

  /** One step of one that runs: often of the same as before, so that another may stand still for long. */
  step(): void {
    this.now++;
    if (this.running.length === 0) return;
    let running = this.current;
    if (!running || running.isOver || this.random.chance(SWITCH)) {
      running = this.random.of(this.running);
    }
    const { done, value } = running.process.next();
    this.current = value === 'waits' ? undefined : running;
    running.isOver = done === true;
    if (running.isOver) this.running.splice(this.running.indexOf(running), 1);
  }

  /** What got stuck on its way to a store arrives. */
  carryOutLate(): void {
    for (const { redis } of this.instances) redis.carryOut();
    for (const transaction of this.lateCommits.splice(0)) {
      try {
        transaction();
      } catch (error) {
        ignore(error, Poison);
      }
    }
  }

  commitLate(transaction: () => unknown): void {
    this.lateCommits.push(transaction);
  }

  /** Postgres refuses this turn from now on. */
  refuse(turn: TurnId): void {
    this.refused.add(turn);
    this.incidents.noteRefused(turn);
  }

  /** What was wrong with a refused turn is mended. */
  accept(turn: TurnId): void {
    this.refused.delete(turn);
  }

  /** @throws Poison. */
  commit(batches: readonly Batch[]): Committed[] {
    const committed = this.postgres.commit(batches, () => this.random.mishap('row held'));
    for (const batch of batches) this.incidents.noteUntold(batch);
    return committed;
  }

  clearHotStale(marked: readonly Marked[]): void {
    this.postgres.clearHotStale(marked, (id) => {
      const isHeld = this.random.mishap('row held');
      if (isHeld) this.incidents.noteMarkHeld(id);
      return isHeld;
    });
  }

  erase(id: string, unflushed: boolean): boolean {
    const isErased = this.postgres.erase(id, unflushed);
    if (isErased) this.incidents.noteTombstone(id);
    return isErased;
  }

  retryDeadLetter(id: string, turn: TurnId): void {
    const isArchived = this.postgres.retryDeadLetter(id, turn);
    if (isArchived) this.incidents.noteMarked(turn);
  }

  /** @throws Poison. */
  commitNext(id: string, turns: readonly AcceptedTurn[], late: boolean): Rescued | null {
    const isHeld = this.random.mishap('row held');
    const rescued = this.postgres.commitNext(id, turns, { isHeld, late });
    for (const turn of rescued?.due ?? []) this.incidents.noteMarked(turn);
    return rescued;
  }

  /** @param accepted what goes first in the same transaction. @throws Poison. */
  appendDurable(request: NewTurn, by: Instance, accepted: readonly AcceptedTurn[]): Appended {
    const { id, turn } = request;
    const { outcome, due } = this.postgres.appendBehind(request, accepted, () => {
      const next = this.incidents.ownNext(by, id);
      const isOvertaking = next !== undefined && next !== turn;
      if (isOvertaking) this.ledger.fail('an instance overtook its own accepted turn');
      this.incidents.noteOvertaken(id, turn);
      this.incidents.noteMarked(turn);
    });
    for (const each of due) this.incidents.noteMarked(each);
    return outcome;
  }

  /** kill -9: what it was doing stops where it is. */
  crash(instance: Instance): void {
    for (const running of this.running) if (running.instance === instance) running.isOver = true;
    this.running = this.running.filter(({ isOver }) => !isOver);
    instance.forget();
    this.incidents.noteLeftToSweep(instance);
    this.incidents.noteDied(instance);
    this.start(instance, instance.sweep());
  }

  /** FLUSHALL: everything is gone under the same run. */
  flushRedis(): void {
    const had = this.redis.unflushed;
    this.redis.empty();
    this.incidents.noteGoneWithRedis(had);
  }

  restartRedis(back: 'whole' | 'empty' | number): void {
    const had = this.redis.unflushed;
    this.redis.restart(back);
    if (back !== 'whole') this.incidents.noteGoneWithRedis(had);
    for (const { redis } of this.instances) redis.trip();
  }
}
