import { randomOf } from '../support/random.js';

/** Seeded choices; each part of the run has its own, so that one that is slower does not change the others. */
export class Dice {
  private readonly next: () => number;

  constructor(seed: number, part: number) {
    this.next = randomOf(Math.imul(seed, 1_000_003) + part);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}
