import { LATE, within } from './within.js';

export interface BreakerOptions {
  readonly name: string;
  /**
   * True for a failure that says the server is away or unfit, false for one that concerns only the request.
   * Without it the breaker opens by `trip` alone.
   */
  readonly trips?: (error: unknown) => boolean;
  /** Resolves once the server is fit again and everything that has to happen before its use is done. */
  readonly probe: () => Promise<void>;
  readonly onChange?: (open: boolean, cause: unknown) => void;
  readonly probeIntervalMs?: number;
  /** False: the server is trusted from the start. */
  readonly beginsOpen?: boolean;
}

// Probes cost one command; twice a second keeps the way back short without a stampede on a server that just rose.
const PROBE_INTERVAL_MS = 500;

/** Thrown instead of calling a server that is known to be away. */
export class BreakerOpen extends Error {
  constructor(name: string, cause: unknown) {
    super(`${name} is away`, { cause });
    this.name = 'BreakerOpen';
  }
}

/**
 * Keeps requests from waiting for a server that is away. The first failure opens it; from then on calls
 * fail at once while a probe runs in the background, and only a probe that went through closes it again.
 * No request is ever the guinea pig. Begins open, unless told otherwise:
 * nothing is trusted before the first probe.
 */
export class Breaker {
  private open: boolean;
  private cause: unknown;
  private probing: Promise<void> | undefined;
  private suspecting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  // Counts the failures, so that a probe during which another failure came in doesn't close the breaker.
  private trips = 0;

  private readonly openedListeners: (() => void)[] = [];
  private readonly closedListeners: (() => void)[] = [];

  constructor(private readonly options: BreakerOptions) {
    this.open = options.beginsOpen ?? true;
  }

  /** Calls the listener each time that the server goes away. */
  onOpened(listener: () => void): void {
    this.openedListeners.push(listener);
  }

  /** Calls the listener each time that the server is back. */
  onClosed(listener: () => void): void {
    this.closedListeners.push(listener);
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** @throws BreakerOpen at once while the server is away; else what `work` throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.open) throw new BreakerOpen(this.options.name, this.cause);
    try {
      return await work();
    } catch (error) {
      if (this.options.trips?.(error)) this.trip(error);
      throw error;
    }
  }

  trip(cause: unknown): void {
    if (this.stopped) return;
    this.cause = cause;
    this.trips++;
    if (!this.open) {
      this.open = true;
      this.options.onChange?.(true, cause);
      for (const listener of this.openedListeners) listener();
    }
    this.probeSoon(0);
  }

  /**
   * Asks whether the server answers at all, and opens when it does not in time: nobody has to wait longer
   * than that to know. Resolves then, whatever came out; a question that is under way with more patience is joined,
   * and left.
   */
  async suspect(ask: () => Promise<unknown>, patienceMs: number): Promise<void> {
    if (this.open) return;
    this.suspecting ??= this.question(ask, patienceMs).finally(() => (this.suspecting = undefined));
    await within(patienceMs, this.suspecting);
  }

  /** Probes now; resolves when that probe has ended, whatever came out. */
  async probe(): Promise<void> {
    this.probing ??= this.probeOnce().finally(() => (this.probing = undefined));
    await this.probing;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async question(ask: () => Promise<unknown>, patienceMs: number): Promise<void> {
    const answer = this.run(ask).catch(() => undefined);
    const outcome = await within(patienceMs, answer);
    if (outcome === LATE) this.trip(new Error(`no answer within ${patienceMs} ms`));
  }

  private async probeOnce(): Promise<void> {
    const tripsBefore = this.trips;
    try {
      await this.options.probe();
      if (this.trips !== tripsBefore) throw this.cause;
      if (this.open && !this.stopped) {
        this.open = false;
        this.options.onChange?.(false, undefined);
        for (const listener of this.closedListeners) listener();
      }
    } catch (error) {
      this.cause = error;
      this.probeSoon(this.options.probeIntervalMs ?? PROBE_INTERVAL_MS);
    }
  }

  private probeSoon(delayMs: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.probe(), delayMs).unref();
  }
}
