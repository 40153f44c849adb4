import { randomOf } from '../support/random.js';

/** How likely each is, at one step or for one message. */
const MISHAPS = {
  'reply lost': 0.03,
  'commit late': 0.01,
  'row held': 0.02,
  'turn refused': 0.03,
  'letter retried': 0.02,
  'copy of Redis': 0.02,
  'Redis rolled back': 0.004,
  'Redis emptied': 0.002,
  'Redis flushed': 0.003,
  'Redis restarted': 0.004,
  'Redis away': 0.006,
  'Redis frozen': 0.006,
  'Redis cut off': 0.005,
  'Postgres away': 0.006,
  'Postgres cut off': 0.004,
  'instance killed': 0.006,
  'session expired': 0.01,
  'session evicted': 0.005,
} as const;

export type Mishap = keyof typeof MISHAPS;

// Where everything happens at once, little of it goes far: each schedule has its own few that happen often.
const OFTEN = [0, 0, 0, 1, 1, 4];
const VERY_OFTEN = 6;

/** A seeded source of choices. */
export class Random {
  private readonly next: () => number;
  private readonly often = new Map<Mishap, number>();
  isCalm = false;

  /** @param needed happens often in every schedule. */
  constructor(seed: number, needed: readonly Mishap[] = []) {
    this.next = randomOf(seed);
    for (const mishap of Object.keys(MISHAPS) as Mishap[]) {
      const often = this.of(OFTEN);
      this.often.set(mishap, needed.includes(mishap) ? VERY_OFTEN : often);
    }
  }

  /** From now on nothing unlikely happens. */
  calmDown(): void {
    this.isCalm = true;
  }

  mishap(mishap: Mishap): boolean {
    const probability = MISHAPS[mishap] * this.often.get(mishap)!;
    return !this.isCalm && probability > 0 && this.next() < probability;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}
