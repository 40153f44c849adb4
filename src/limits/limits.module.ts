import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { Environment } from '../config/environment.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisModule } from '../redis/redis.module.js';
import { Counters } from './counters.js';
import { CountersStorage } from './throttler.storage.js';

const WINDOW_MS = 60_000;

/** Rate limits; shared by all instances where the HISTORY_MODE has a Redis. */
@Module({})
export class LimitsModule {
  static forRoot({ historyMode }: Environment): DynamicModule {
    const withRedis = historyMode === 'hybrid' || historyMode === 'redis';
    const counters: Provider = {
      provide: Counters,
      inject: [{ token: RedisConnection, optional: true }],
      useFactory: (redis?: RedisConnection) => new Counters(redis?.requests ?? null),
    };
    return {
      module: LimitsModule,
      global: true,
      imports: [
        ...(withRedis ? [RedisModule] : []),
        ThrottlerModule.forRootAsync({
          inject: [Environment, Counters],
          useFactory: ({ chatRateLimit }: Environment, shared: Counters) => ({
            throttlers: [{ ttl: WINDOW_MS, limit: chatRateLimit }],
            skipIf: () => chatRateLimit === 0,
            storage: new CountersStorage(shared),
          }),
        }),
      ],
      providers: [counters],
      exports: [Counters],
    };
  }
}
