import { setImmediate } from 'node:timers/promises';

// Most histories are read in less; so long does work that takes longer hold up others.
const LONGEST_MS = 10;

/** Lets others go first now and then in long work. */
export class Pauses {
  private sinceMs = performance.now();

  async take(): Promise<void> {
    if (performance.now() - this.sinceMs < LONGEST_MS) return;
    await setImmediate();
    this.sinceMs = performance.now();
  }
}
