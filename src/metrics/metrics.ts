import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

// A turn of ours takes a millisecond, an engine's a minute: the buckets have to tell both apart.
const OWN_TIME_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const ENGINE_BUCKETS = [0.005, 0.05, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60];
const SWEEP_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Every metric of the service. Labels never hold ids of users or conversations. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  readonly sessionsCreated = new Counter({
    name: 'sessions_created_total',
    help: 'Conversations begun.',
    registers: this.registers,
  });
  readonly historyRetrieved = new Counter({
    name: 'history_retrieved_total',
    help: 'Histories retrieved, by where they came from.',
    labelNames: ['source'],
    registers: this.registers,
  });
  readonly messagesSaved = new Counter({
    name: 'messages_saved_total',
    help: 'Turns kept, by how safe they were when the reply was sent.',
    labelNames: ['durability'],
    registers: this.registers,
  });
  readonly historyLatency = new Histogram({
    name: 'history_latency_seconds',
    help: 'Time to retrieve a history.',
    buckets: OWN_TIME_BUCKETS,
    registers: this.registers,
  });
  readonly turnLatency = new Histogram({
    name: 'turn_latency_seconds',
    help: 'Time of a turn by step, in seconds; total leaves the engine out.',
    labelNames: ['step'],
    buckets: OWN_TIME_BUCKETS,
    registers: this.registers,
  });
  readonly answerLatency = new Histogram({
    name: 'answer_latency_seconds',
    help: 'Time that the answer engine took.',
    buckets: ENGINE_BUCKETS,
    registers: this.registers,
  });
  readonly answerEngineAway = new Gauge({
    name: 'answer_engine_away',
    help: '1 while questions are refused because the answer engine failed several in a row.',
    registers: this.registers,
  });
  readonly storeAway = new Gauge({
    name: 'store_away',
    help: '1 while requests do without this store because it is away.',
    labelNames: ['store'],
    registers: this.registers,
  });
  readonly httpReplies = new Counter({
    name: 'http_replies_total',
    help: 'Replies by the class of their status, without those to health checks and Prometheus.',
    labelNames: ['status'],
    registers: this.registers,
  });
  readonly syncLag = new Gauge({
    name: 'sync_lag_seconds',
    help: 'How long the oldest unsynced turn has been waiting for Postgres.',
    registers: this.registers,
  });
  readonly dirtyConversations = new Gauge({
    name: 'dirty_conversations',
    help: 'Conversations with turns that are not yet in Postgres.',
    registers: this.registers,
  });
  readonly unsyncedTurns = new Gauge({
    name: 'unsynced_turns',
    help: 'Turns that are not yet in Postgres.',
    registers: this.registers,
  });
  readonly activeSessions = new Gauge({
    name: 'active_sessions',
    help: 'Sessions in Redis.',
    registers: this.registers,
  });
  readonly redisMemoryUsedRatio = new Gauge({
    name: 'redis_memory_used_ratio',
    help: "Redis's memory in use over its maxmemory; 0 where it has no limit.",
    registers: this.registers,
  });
  readonly turnsSynced = new Counter({
    name: 'turns_synced_total',
    help: 'Turns flushed from Redis to Postgres by this instance.',
    registers: this.registers,
  });
  readonly syncFailures = new Counter({
    name: 'sync_failures_total',
    help: 'Flushes and sweeps that failed, by reason.',
    labelNames: ['reason'],
    registers: this.registers,
  });
  readonly sweepDuration = new Histogram({
    name: 'sweep_duration_seconds',
    help: 'Time of a whole sweep.',
    buckets: SWEEP_BUCKETS,
    registers: this.registers,
  });
  readonly deadLetters = new Gauge({
    name: 'dead_letters',
    help: 'Turns that Postgres refuses; they wait for somebody to mend the cause and retry them.',
    registers: this.registers,
  });
  readonly redisFallback = new Counter({
    name: 'redis_fallback_total',
    help: 'Requests served by Postgres because Redis was away.',
    registers: this.registers,
  });

  private readonly collectors: (() => Promise<unknown>)[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Registers what brings gauges up to date before they are read. */
  collectBefore(collector: () => Promise<unknown>): void {
    this.collectors.push(collector);
  }

  /** All metrics in Prometheus's text format; what cannot be collected now keeps its last value. */
  async text(): Promise<string> {
    await Promise.allSettled(this.collectors.map((collect) => collect()));
    return this.registry.metrics();
  }
}
