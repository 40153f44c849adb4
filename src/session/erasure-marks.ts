import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { erasureMarkKey } from '../redis/keys.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { SCRIPTS } from './scripts.js';

/** Marks of users who have erased everything a moment ago, for turns that were under way. All methods throw RedisUnavailable. */
@Injectable()
export class ErasureMarks {
  constructor(
    private readonly redis: RedisConnection,
    private readonly environment: Environment,
  ) {}

  async set(owner: string, mark: string): Promise<void> {
    const args = [mark, String(this.environment.erasureMarkMs)];
    await this.redis.requests.run(SCRIPTS.setErasureMark, [erasureMarkKey(owner)], args);
  }

  async get(owner: string): Promise<string | null> {
    const keys = [erasureMarkKey(owner)];
    const [mark] = (await this.redis.requests.run(SCRIPTS.erasureMark, keys, [])) as [string?];
    return mark ?? null;
  }
}
