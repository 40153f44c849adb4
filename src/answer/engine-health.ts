import { setTimeout } from 'node:timers/promises';
import { Breaker } from '../breaker/breaker.js';
import { ServiceError } from '../conversation/errors.js';

// One failure may be the question's fault; five in a row, each after three tries, are the server's.
const FAILURES_IN_A_ROW = 5;

const PAUSE_MS = 2_000;

/** `none`: it tells nothing of the server, as the request was at fault, or nobody wanted the answer. */
export type Outcome = 'answered' | 'server failed' | 'none';

/** One answer under way, as far as it tells of the server's health. */
export interface Attempt {
  /** The first word came. */
  spoke(): void;
  /** Once, at the end. */
  ended(outcome: Outcome): void;
}

export interface HealthOptions {
  /** Resolves when the server is there. */
  readonly probe: () => Promise<void>;
  readonly onChange: (open: boolean) => void;
  readonly pauseMs?: number;
}

/**
 * Keeps questions from waiting for a server that fails each of them. After five failures in a row they
 * are refused at once, while a probe in the background asks every two seconds whether the server is
 * there. That it is does not say that it can answer: so then one question goes through, the others are
 * refused until it gets its first word, and if it fails everything begins anew.
 */
export class EngineHealth {
  private failures = 0;
  private trial: 'none' | 'due' | 'under way' = 'none';
  private readonly breaker: Breaker;

  constructor({ probe, onChange, pauseMs = PAUSE_MS }: HealthOptions) {
    this.breaker = new Breaker({
      name: 'the answer engine',
      probe: async () => {
        await setTimeout(pauseMs, undefined, { ref: false });
        await probe();
      },
      // Each probe begins with its pause, also the first.
      probeIntervalMs: 0,
      beginsOpen: false,
      onChange,
    });
    this.breaker.onClosed(() => (this.trial = 'due'));
  }

  /** @throws ServiceError while questions are refused. */
  begin(): Attempt {
    if (this.breaker.isOpen || this.trial === 'under way') throw away();
    const isTrial = this.trial === 'due';
    if (isTrial) this.trial = 'under way';
    return {
      spoke: () => {
        if (isTrial) this.trial = 'none';
      },
      ended: (outcome) => {
        if (outcome === 'answered') this.failures = 0;
        if (outcome === 'server failed') this.failed(isTrial);
        if (outcome === 'none' && isTrial && this.trial === 'under way') this.trial = 'due';
      },
    };
  }

  stop(): void {
    this.breaker.stop();
  }

  private failed(isTrial: boolean): void {
    if (++this.failures < FAILURES_IN_A_ROW && !isTrial) return;
    this.failures = 0;
    this.trial = 'none';
    this.breaker.trip(new Error('the answer engine failed repeatedly'));
  }
}

const away = (): ServiceError =>
  new ServiceError('answer_engine_failed', 'The answer engine is away; ask again soon.', {
    retryAfterSeconds: Math.ceil(PAUSE_MS / 1000),
  });
