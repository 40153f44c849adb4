import { Module } from '@nestjs/common';
import { RedisModule } from '../redis/redis.module.js';
import { Census } from './census.js';
import { RedisClaims } from './redis.claims.js';
import { RedisMemory } from './redis-memory.js';
import { BackgroundSessions, RequestSessions } from './session.lanes.js';

@Module({
  imports: [RedisModule],
  providers: [RequestSessions, BackgroundSessions, Census, RedisClaims, RedisMemory],
  exports: [RedisModule, RequestSessions, BackgroundSessions, Census, RedisClaims],
})
export class SessionModule {}
