import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Cron, CronExpression, SchedulerRegistry } from '@nestjs/schedule';
import { CronTime } from 'cron';
import { Environment } from '../config/environment.js';
import { failureReason } from './failure-reason.js';
import { FlushQueue } from './flush-queue.js';
import { Recovery } from './recovery.js';
import { Sweep, type SweepResult } from './sweep.js';

const SWEEP_JOB = 'sweep';
// Left over for closing connections when the last sweep used up its time.
const CLOSING_MS = 1000;

/** Runs the sweep on schedule, as soon as a store is back, and once more before the process ends. */
@Injectable()
export class SweepSchedule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SweepSchedule.name);

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly environment: Environment,
    private readonly recovery: Recovery,
    private readonly queue: FlushQueue,
    private readonly sweep: Sweep,
  ) {}

  onApplicationBootstrap(): void {
    const seconds = this.environment.sweepIntervalSeconds;
    this.registry.getCronJob(SWEEP_JOB).setTime(new CronTime(cronExpression(seconds)));
    this.recovery.onReturn(() => void this.tick());
    // What an instance that died has left, this one's own restart finishes.
    void this.tick();
  }

  @Cron(CronExpression.EVERY_5_MINUTES, { name: SWEEP_JOB, waitForCompletion: true })
  async tick(): Promise<void> {
    await this.sweepOnce(() => this.sweep.run());
  }

  private async sweepOnce(sweep: () => Promise<SweepResult>): Promise<void> {
    try {
      const { conversations, turns, failed } = await sweep();
      if (turns + failed > 0) {
        this.logger.log(`swept ${turns} turns of ${conversations} conversations, ${failed} failed`);
      }
    } catch (error) {
      this.logger.warn(`the sweep did not get through (${failureReason(error)})`);
    }
  }

  /** Called once the server has stopped accepting and its turns have ended. */
  async onApplicationShutdown(): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(),
      Math.max(0, this.environment.shutdownGraceMs - CLOSING_MS),
    );
    const aborted = new Promise<void>((resolve) => {
      deadline.signal.addEventListener('abort', () => resolve());
    });
    await Promise.race([
      this.queue.drain().then(() => this.sweepOnce(() => this.sweep.runAfresh())),
      aborted,
    ]);
    clearTimeout(timer);
  }
}

/** @param seconds divides a minute, an hour or a day, so that the ticks are evenly spaced. */
export function cronExpression(seconds: number): string {
  if (seconds < 60) return `*/${seconds} * * * * *`;
  if (seconds < 3600) return `0 */${seconds / 60} * * * *`;
  return `0 0 */${seconds / 3600} * * *`;
}
