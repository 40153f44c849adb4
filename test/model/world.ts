import { Instance, type Process } from './instance.js';
import { Ledger } from './ledger.js';
import { ModelPostgres } from './postgres.js';
import type { Random } from './random.js';
import { ModelRedis, type TurnId } from './redis.js';
import type { Rule } from './rules.js';

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
  readonly ledger: Ledger;
  /** Turns that Postgres refuses, now or at any time. */
  readonly wasPoison = new Set<TurnId>();
  /** Counts the steps of all. */
  now = 0;
  private readonly poison = new Set<TurnId>();
  private running: Running[] = [];
  private current: Running | undefined;

  constructor(
    readonly random: Random,
    readonly removed: ReadonlySet<Rule>,
  ) {
    this.redis = new ModelRedis(removed);
    this.postgres = new ModelPostgres(removed, (turn) => this.poison.has(turn));
    this.ledger = new Ledger(this);
    this.instances = Array.from({ length: INSTANCES }, (_, index) => new Instance(this, index));
  }

  get isIdle(): boolean {
    return this.running.length === 0;
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
    let running = this.current;
    if (!running || running.isOver || this.random.chance(SWITCH)) {
      running = this.random.of(this.running);
    }
    const { done, value } = running.process.next();
    this.current = value === 'waits' ? undefined : running;
    running.isOver = done === true;
    if (running.isOver) this.running.splice(this.running.indexOf(running), 1);
  }

  refuse(turn: TurnId): void {
    this.poison.add(turn);
    this.wasPoison.add(turn);
  }

  /** What was wrong with the refused turns is mended. */
  acceptAll(): void {
    this.poison.clear();
  }

  appendDirectly(id: string, turn: TurnId, create: boolean): number | null {
    const seq = this.postgres.append(id, turn, create);
    this.ledger.noteOvertaken(id, turn);
    return seq;
  }

  /** kill -9: what it was doing stops where it is. */
  crash(instance: Instance): void {
    for (const running of this.running) if (running.instance === instance) running.isOver = true;
    this.running = this.running.filter(({ isOver }) => !isOver);
    instance.forget();
    this.start(instance, instance.sweep());
  }

  /** FLUSHALL: everything is gone under the same run. */
  flushRedis(): void {
    const had = this.redis.unflushed;
    this.redis.empty();
    this.ledger.noteGoneWithRedis(had);
  }

  restartRedis(back: 'whole' | 'empty' | number): void {
    const had = this.redis.unflushed;
    this.redis.restart(back);
    this.ledger.noteGoneWithRedis(had);
    for (const instance of this.instances) instance.trip();
  }
}
