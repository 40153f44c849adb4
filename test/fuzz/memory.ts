const MIB = 1024 * 1024;
// Under it a process is still filling its caches, and figures say nothing.
const JUDGED_FROM_REQUESTS = 20_000;
// The first share of the run is the warm-up; what follows is compared with the end.
const WARM_UP = 0.2;
const WINDOW = 0.2;
// What Node's heap does between two collections, and what the allocator keeps.
const ALLOWED_GROWTH = 1.3;
const ALLOWED_MIB = 32;

/** What the service says of its memory while the run goes on. */
export class MemoryCurve {
  private readonly samples: { readonly share: number; readonly rssMib: number }[] = [];

  constructor(private readonly requests: number) {}

  /** @param metrics what `/metrics` said after so many requests. */
  note(done: number, metrics: string): void {
    const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1];
    if (bytes === undefined) return;
    this.samples.push({ share: done / this.requests, rssMib: Number(bytes) / MIB });
  }

  /** MiB after the warm-up, as a median. */
  get before(): number {
    return this.median(WARM_UP, WARM_UP + WINDOW);
  }

  /** MiB at the end, as a median. */
  get after(): number {
    return this.median(1 - WINDOW, 1);
  }

  get hasGrown(): boolean {
    if (this.requests < JUDGED_FROM_REQUESTS) return false;
    return this.after > this.before * ALLOWED_GROWTH + ALLOWED_MIB;
  }

  private median(from: number, to: number): number {
    const within = this.samples
      .filter(({ share }) => share >= from && share <= to)
      .map(({ rssMib }) => rssMib)
      .toSorted((a, b) => a - b);
    return within[Math.floor(within.length / 2)] ?? NaN;
  }
}
