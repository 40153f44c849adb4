import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { SessionStore } from './session.store.js';

const limitsOf = (environment: Environment) => ({
  ttlSeconds: environment.sessionTtlSeconds,
  maxTurns: environment.maxTurnsPerSession,
});

/** Sessions as requests use them: they fail at once while Redis is away. */
@Injectable()
export class RequestSessions extends SessionStore {
  constructor(redis: RedisConnection, environment: Environment) {
    super(redis.requests, limitsOf(environment));
  }
}

/** Sessions as flush, sweep and recovery use them: they always try, also before Redis is trusted again. */
@Injectable()
export class BackgroundSessions extends SessionStore {
  constructor(redis: RedisConnection, environment: Environment) {
    super(redis.background, limitsOf(environment));
  }
}
