import { Inject, Injectable, Optional } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Environment } from '../config/environment.js';
import { FlushQueue } from '../sync/flush-queue.js';
import { Sweep } from '../sync/sweep.js';
import { type StoreState, Stores } from './stores.js';

/** Health in Terminus's words. What is missing but not needed right now is degraded, not down. */
@Injectable()
export class Indicators {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly stores: Stores,
    private readonly environment: Environment,
    @Optional() @Inject(Sweep) private readonly sweep: Sweep | null,
    @Optional() @Inject(FlushQueue) private readonly queue: FlushQueue | null,
  ) {}

  redis(): HealthIndicatorResult {
    const { redis, redisRisk } = this.stores;
    if (redis !== 'up' || redisRisk === null) return this.store('redis', redis);
    return this.health.check('redis').degraded({ message: redisRisk });
  }

  database(): HealthIndicatorResult {
    return this.store('database', this.stores.database);
  }

  sync(): HealthIndicatorResult {
    const indicator = this.health.check('sync');
    if (!this.sweep)
      return indicator.up({ message: `not used in ${this.environment.historyMode} mode` });
    if (!this.stores.isComplete) return indicator.degraded({ message: 'waits for both stores' });
    if (this.sweep.isFailing) return indicator.degraded({ message: 'the last sweep failed' });
    // A sweep that began later has taken what that flush left.
    if ((this.queue?.failedAtMs ?? -Infinity) > this.sweep.lastBeganMs) {
      return indicator.degraded({ message: 'the last flush failed' });
    }
    const failed = this.sweep.last?.failed ?? 0;
    return failed > 0
      ? indicator.degraded({ message: `${failed} conversations failed in the last sweep` })
      : indicator.up();
  }

  private store(name: string, state: StoreState): HealthIndicatorResult {
    const indicator = this.health.check(name);
    if (state === 'unused')
      return indicator.up({ message: `not used in ${this.environment.historyMode} mode` });
    if (state === 'up') return indicator.up();
    return this.stores.canKeepTurns
      ? indicator.degraded({ message: 'away; turns are kept without it' })
      : indicator.down({ message: 'away' });
  }
}
