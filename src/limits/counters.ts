import { createHash } from 'node:crypto';
import { rateLimitKey } from '../redis/keys.js';
import { type Lane, RedisUnavailable, type ScriptReply } from '../redis/lane.js';
import { Script } from '../redis/script.js';
import { LocalCounters } from './local-counters.js';

const HIT = Script.load(new URL('./lua/hit.lua', import.meta.url));
const LOOK = Script.load(new URL('./lua/look.lua', import.meta.url));
const MS_PER_SECOND = 1000;

/** How often something happened in the window that runs now. */
export interface Count {
  readonly hits: number;
  /** Until the window ends, rounded up. */
  readonly secondsLeft: number;
}

/**
 * Counts events by name in windows of time, in Redis for all instances together; with Redis away each
 * instance counts by itself. Names are kept as digests: they hold addresses and users.
 */
export class Counters {
  private readonly local = new LocalCounters();

  /** @param lane null where the HISTORY_MODE has no Redis. */
  constructor(private readonly lane: Lane | null) {}

  /** Counts one; the first one begins a window of `windowMs`. */
  async hit(name: string, windowMs: number): Promise<Count> {
    const key = digestOf(name);
    const shared = await this.shared(HIT, key, [String(windowMs)]);
    return shared ?? toCount(this.local.hit(key, windowMs, performance.now()));
  }

  /** The count as it stands. */
  async look(name: string): Promise<Count> {
    const key = digestOf(name);
    const shared = await this.shared(LOOK, key, []);
    return shared ?? toCount(this.local.look(key, performance.now()));
  }

  private async shared(script: Script, key: string, args: string[]): Promise<Count | null> {
    if (!this.lane) return null;
    try {
      return toCount(await this.lane.run(script, [rateLimitKey(key)], args));
    } catch (error) {
      if (error instanceof RedisUnavailable) return null;
      throw error;
    }
  }
}

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex');

function toCount(reply: ScriptReply): Count {
  const [hits, msLeft] = reply as readonly [number, number];
  return { hits, secondsLeft: Math.max(1, Math.ceil(msLeft / MS_PER_SECOND)) };
}
