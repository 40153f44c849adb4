import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Book } from './book.js';
import type { Dice } from './dice.js';
import type { Instance } from './instance.js';
import type { Stage } from './stage.js';

// What a fault did may show in a reply this long after it.
const AFTERMATH_MS = 4000;

/** What is going on: shared by the talks, the faults and the progress line. */
export class Run {
  readonly counts = { begun: 0, refused: 0, shortHistories: 0, reappeared: 0, conflicts: 0 };
  /** What is broken right now, by its part. */
  readonly broken = new Map<string, string>();
  readonly startedMs = performance.now();
  faults = 0;
  private mendedMs = -Infinity;
  private readonly timeline;

  constructor(
    readonly seed: number,
    readonly turns: number,
    readonly stage: Stage,
    readonly book: Book,
    readonly stop: AbortSignal,
  ) {
    this.timeline = createWriteStream(join(stage.logFolder, 'timeline.log'));
  }

  get isOver(): boolean {
    return this.stop.aborted || this.counts.begun >= this.turns;
  }

  /** Nothing is broken, and nothing was lately. */
  get isCalm(): boolean {
    return this.broken.size === 0 && performance.now() - this.mendedMs > AFTERMATH_MS;
  }

  breaks(part: string, fault: string): void {
    this.faults++;
    this.broken.set(part, fault);
    this.note(`${part}: ${fault}`);
  }

  mended(part: string): void {
    this.note(`${part}: mended (${this.broken.get(part)})`);
    this.broken.delete(part);
    this.mendedMs = performance.now();
  }

  /** For whoever looks for the cause of a failure. */
  note(what: string): void {
    const seconds = (performance.now() - this.startedMs) / 1000;
    this.timeline.write(`${new Date().toISOString()} ${seconds.toFixed(3)} ${what}\n`);
  }

  /** One that is up, if there is one. */
  instance(dice: Dice): Instance {
    const { instances } = this.stage;
    const up = instances.filter(({ isUp }) => isUp);
    return dice.of(up.length > 0 ? up : instances);
  }
}
