import type { Breaker } from '../breaker/breaker.js';
import { Lane, RedisUnavailable, type ScriptReply } from './lane.js';
import type { Script } from './script.js';

/**
 * For requests that may take long, over the background client: nothing while Redis is not trusted, and what is slow or
 * fails here says nothing about it to the requests that are quick.
 */
export class PatientLane extends Lane {
  constructor(
    private readonly background: Lane,
    private readonly breaker: Breaker,
  ) {
    super();
  }

  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptReply> {
    if (this.breaker.isOpen) throw new RedisUnavailable(new Error('it is not trusted now'));
    return this.background.run(script, keys, args);
  }
}
