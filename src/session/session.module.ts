import { Module } from '@nestjs/common';
import { RedisModule } from '../redis/redis.module.js';
import { Census } from './census.js';
import { BackgroundSessions, RequestSessions } from './session.lanes.js';

@Module({
  imports: [RedisModule],
  providers: [RequestSessions, BackgroundSessions, Census],
  exports: [RedisModule, RequestSessions, BackgroundSessions, Census],
})
export class SessionModule {}
