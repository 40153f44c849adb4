import { Injectable } from '@nestjs/common';
import { RedisConnection } from '../redis/redis.connection.js';
import { keysOf, SCRIPTS } from './scripts.js';

/** The keyrings of sessions, for whoever wraps data keys anew. All methods throw RedisUnavailable. */
@Injectable()
export class SessionKeyrings {
  constructor(private readonly redis: RedisConnection) {}

  /** '' where there is none, or no session. */
  async read(conversationId: string): Promise<string> {
    const { background } = this.redis;
    const reply = await background.run(SCRIPTS.keyring, keysOf(conversationId), [conversationId]);
    return (reply as [string])[0];
  }

  /** @returns false when it is another one by now. */
  async replace(conversationId: string, before: string, after: string): Promise<boolean> {
    const args = [conversationId, before, after];
    return (await this.redis.background.run(SCRIPTS.rewrap, keysOf(conversationId), args)) === 1;
  }
}
