import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Everybody counts something, so the counters are everywhere at hand. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
