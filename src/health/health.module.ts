import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { Indicators } from './indicators.js';
import { SessionReport } from './session-report.js';
import { Stores } from './stores.js';

@Module({
  // What is wrong is in the reply; Terminus's own log line would repeat it at every probe.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [Stores, Indicators, SessionReport],
})
export class HealthModule {}
