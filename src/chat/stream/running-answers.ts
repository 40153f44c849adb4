import { Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { Environment } from '../../config/environment.js';
import { ServiceError } from '../../conversation/errors.js';
import type { LiveAnswer } from './live-answer.js';

// Readers hear of it before their connections are closed, and the flush has its time.
const SHARE_FOR_ANSWERS = 0.5;

/** An answer that this instance makes. */
export interface Producing {
  readonly answer: LiveAnswer;
  readonly abort: AbortController;
  /** Its conversation begins with it, and is known to no store before. */
  readonly begins: boolean;
  /** Resolves when the turn is kept, or not, and the stream has its end. */
  readonly settled: Promise<void>;
}

/**
 * The answers that this instance makes. They run apart from the requests that asked for them, so the end of the
 * service has to wait for them by itself.
 */
@Injectable()
export class RunningAnswers implements OnModuleDestroy, OnApplicationShutdown {
  /** Aborted when the service ends. */
  readonly closing = new AbortController();
  private readonly running = new Set<Producing>();

  constructor(private readonly environment: Environment) {}

  add(producing: Producing): void {
    this.running.add(producing);
    void producing.settled.finally(() => this.running.delete(producing));
  }

  /** Those of a conversation, the newest first. */
  of(conversationId: string): Producing[] {
    return [...this.running]
      .filter(({ answer }) => answer.conversationId === conversationId)
      .toReversed();
  }

  /** The service ends: what has not come to its end by then is kept as far as it came. */
  onModuleDestroy(): void {
    this.closing.abort();
    const ends = () => {
      const message = 'The answer was cut off, as this instance ends; what was said is kept.';
      const reason = new ServiceError('answer_engine_failed', message);
      for (const { abort } of this.running) abort.abort(reason);
    };
    setTimeout(ends, this.environment.shutdownGraceMs * SHARE_FOR_ANSWERS).unref();
  }

  /** Before the flush, and before the stores are closed. */
  async onApplicationShutdown(): Promise<void> {
    while (this.running.size > 0) {
      await Promise.allSettled([...this.running].map(({ settled }) => settled));
    }
  }
}
