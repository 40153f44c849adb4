import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { Census } from '../session/census.js';
import { FlushQueue } from './flush-queue.js';

// A hundred times what a flush takes that follows its turn.
const LATE_SECONDS = 1;

/** Tells whether turns wait longer for Postgres than the moment that a flush takes. */
@Injectable()
export class LateFlushes {
  constructor(
    private readonly environment: Environment,
    private readonly redis: RedisConnection,
    private readonly census: Census,
    private readonly queue: FlushQueue,
  ) {}

  /** Some of anybody's, as far as Redis can say: what it was when it was counted last, two seconds ago at most. */
  async areThere(): Promise<boolean> {
    if (this.redis.breaker.isOpen) return false;
    if (!this.environment.flushAfterEachTurn || !this.queue.isHealthy) return true;
    return (await this.census.count()).oldestUnsyncedSeconds > LATE_SECONDS;
  }
}
