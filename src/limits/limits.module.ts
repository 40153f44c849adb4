import { type DynamicModule, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { Environment } from '../config/environment.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisModule } from '../redis/redis.module.js';
import { SharedThrottlerStorage } from './shared.storage.js';

const WINDOW_MS = 60_000;

/** Rate limits; shared by all instances where the HISTORY_MODE has a Redis. */
@Module({})
export class LimitsModule {
  static forRoot({ historyMode }: Environment): DynamicModule {
    const withRedis = historyMode === 'hybrid' || historyMode === 'redis';
    return {
      module: LimitsModule,
      imports: [
        ThrottlerModule.forRootAsync({
          imports: withRedis ? [RedisModule] : [],
          inject: [Environment, { token: RedisConnection, optional: true }],
          useFactory: (environment: Environment, redis?: RedisConnection) => ({
            throttlers: [{ ttl: WINDOW_MS, limit: environment.chatRateLimit }],
            skipIf: () => environment.chatRateLimit === 0,
            storage: new SharedThrottlerStorage(redis?.requests ?? null),
          }),
        }),
      ],
      exports: [ThrottlerModule],
    };
  }
}
