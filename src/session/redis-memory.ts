import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { RedisConnection } from '../redis/redis.connection.js';

/** Shows how full Redis is whenever metrics are read. */
@Injectable()
export class RedisMemory {
  constructor(redis: RedisConnection, metrics: Metrics) {
    metrics.collectBefore(async () => {
      const { memoryUsedRatio } = await redis.serverInfo();
      metrics.redisMemoryUsedRatio.set(memoryUsedRatio);
    });
  }
}
