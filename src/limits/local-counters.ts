interface Window {
  hits: number;
  readonly endsAtMs: number;
}

// 17 MB at most, and more callers a minute than one instance has turns for.
const MAX_WINDOWS = 100_000;

/**
 * Counts in the memory of one instance, in bounded space: when there are too many windows the oldest goes, and its
 * caller begins anew. (The throttler's own storage keeps each hit by itself until it expires, for any number of callers.)
 */
export class LocalCounters {
  // A window is put in when it begins, and all are of like length: so the oldest come first.
  private readonly windows = new Map<string, Window>();

  constructor(private readonly maxWindows = MAX_WINDOWS) {}

  /** Counts one. @returns how many there are in the window, and the ms until it ends. */
  hit(key: string, windowMs: number, nowMs: number): [hits: number, msLeft: number] {
    let window = this.running(key, nowMs);
    if (!window) {
      this.makeRoom(nowMs);
      window = { hits: 0, endsAtMs: nowMs + windowMs };
      this.windows.set(key, window);
    }
    window.hits++;
    return [window.hits, window.endsAtMs - nowMs];
  }

  look(key: string, nowMs: number): [hits: number, msLeft: number] {
    const window = this.running(key, nowMs);
    return window ? [window.hits, window.endsAtMs - nowMs] : [0, 0];
  }

  get size(): number {
    return this.windows.size;
  }

  private running(key: string, nowMs: number): Window | undefined {
    const window = this.windows.get(key);
    if (!window || window.endsAtMs > nowMs) return window;
    this.windows.delete(key);
    return undefined;
  }

  private makeRoom(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < this.maxWindows) return;
      this.windows.delete(key);
    }
  }
}
