import { Module } from '@nestjs/common';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisModule } from '../redis/redis.module.js';
import { Census } from './census.js';
import { DescribedSessions } from './described-sessions.js';
import { ErasureMarks } from './erasure-marks.js';
import { OwnedSessions } from './owned-sessions.js';
import { RedisClaims } from './redis.claims.js';
import { RedisMemory } from './redis-memory.js';
import { SessionInspector } from './session.inspector.js';
import { SessionKeyrings } from './session.keyrings.js';
import { BackgroundSessions, RequestSessions } from './session.lanes.js';

@Module({
  imports: [RedisModule],
  providers: [
    RequestSessions,
    BackgroundSessions,
    {
      provide: SessionInspector,
      inject: [RedisConnection],
      useFactory: (redis: RedisConnection) => new SessionInspector(redis.background),
    },
    SessionKeyrings,
    Census,
    {
      provide: OwnedSessions,
      inject: [RedisConnection],
      useFactory: (redis: RedisConnection) => new OwnedSessions(redis.patient),
    },
    ErasureMarks,
    DescribedSessions,
    RedisClaims,
    RedisMemory,
  ],
  exports: [
    RedisModule,
    RequestSessions,
    BackgroundSessions,
    SessionInspector,
    SessionKeyrings,
    Census,
    OwnedSessions,
    ErasureMarks,
    DescribedSessions,
    RedisClaims,
  ],
})
export class SessionModule {}
