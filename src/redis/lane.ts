import { type Redis, ReplyError } from 'ioredis';
import type { Script } from './script.js';

/** What a script gives back: an integer, or a list of integers, strings and lists. */
export type ScriptReply = number | readonly unknown[];

/** Redis did not do, or did not say, what it was asked: it is away, full, read-only, too slow … */
export class RedisUnavailable extends Error {
  constructor(cause: unknown) {
    super('Redis is unavailable', { cause });
    this.name = 'RedisUnavailable';
  }
}

/**
 * One way to reach Redis. A script runs atomically, and at most once for each call: when the reply is
 * lost the caller gets RedisUnavailable, and the script may or may not have run.
 */
export abstract class Lane {
  abstract run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptReply>;
}

/** A lane over one client that always tries. */
export class ClientLane extends Lane {
  constructor(private readonly client: Redis) {
    super();
  }

  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptReply> {
    const rest = [keys.length, ...keys, ...args] as const;
    try {
      return (await this.client.evalsha(script.sha, ...rest)) as ScriptReply;
    } catch (error) {
      // A restarted or flushed server has forgotten the script, and has not run it.
      if (!isForgottenScript(error)) throw new RedisUnavailable(error);
    }
    try {
      return (await this.client.eval(script.source, ...rest)) as ScriptReply;
    } catch (error) {
      throw new RedisUnavailable(error);
    }
  }
}

const isForgottenScript = (error: unknown): boolean =>
  error instanceof ReplyError && (error as Error).message.startsWith('NOSCRIPT');
