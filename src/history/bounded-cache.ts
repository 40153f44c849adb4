/** Keeps what was computed for a key, up to a total weight; what was not used for longest goes first. */
export class BoundedCache<V> {
  private readonly entries = new Map<string, { readonly value: V; readonly weight: number }>();
  private total = 0;

  constructor(
    private readonly maxWeight: number,
    private readonly weigh: (value: V) => number,
  ) {}

  has(key: string | undefined): boolean {
    return key !== undefined && this.entries.has(key);
  }

  /** Without a key the value is computed and not kept. */
  get(key: string | undefined, compute: () => V): V {
    if (key === undefined) return compute();
    const known = this.entries.get(key);
    const entry = known ?? this.entryOf(compute());
    if (known) this.entries.delete(key);
    else this.total += entry.weight;
    this.entries.set(key, entry);
    this.shrink();
    return entry.value;
  }

  private entryOf(value: V) {
    return { value, weight: this.weigh(value) };
  }

  private shrink(): void {
    for (const [key, { weight }] of this.entries) {
      if (this.total <= this.maxWeight) return;
      this.entries.delete(key);
      this.total -= weight;
    }
  }
}
