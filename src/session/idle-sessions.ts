import { Injectable } from '@nestjs/common';
import { RedisConnection } from '../redis/redis.connection.js';
import { keysOf, SCRIPTS } from './scripts.js';
import { SessionInspector } from './session.inspector.js';

// Many times what a batch takes to be erased; who dies meanwhile leaves conversations that are served by the archive.
const SHUT_FOR_SECONDS = 60;

/** Conversations without a session, while they are put away. All methods throw RedisUnavailable. */
@Injectable()
export class IdleSessions {
  constructor(
    private readonly redis: RedisConnection,
    private readonly inspector: SessionInspector,
  ) {}

  /** Also half a session may be somebody's. */
  async isThere(conversationId: string): Promise<boolean> {
    return (await this.inspector.inspect(conversationId)) !== null;
  }

  /**
   * Nobody fills a session from now on, for a minute; who has shut it prolongs that.
   * @param token the same for whatever goes together @returns false when there is one, or it is not ours to shut
   */
  async shut(conversationId: string, token: string): Promise<boolean> {
    const args = [conversationId, String(SHUT_FOR_SECONDS), token];
    const { background } = this.redis;
    return (await background.run(SCRIPTS.shut, keysOf(conversationId), args)) === 1;
  }

  async reopen(conversationId: string, token: string): Promise<void> {
    const args = [conversationId, token];
    await this.redis.background.run(SCRIPTS.reopen, keysOf(conversationId), args);
  }
}
