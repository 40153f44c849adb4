import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.js';
import { storageUnavailable } from '../conversation/errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { Indicators } from './indicators.js';
import { SessionHealth } from './session-health.dto.js';
import { SessionReport } from './session-report.js';
import { Stores } from './stores.js';

/** Health, without token, secrets, hosts or driver errors; within a second, whatever is broken. */
@ApiTags('health')
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: Indicators,
    private readonly stores: Stores,
    private readonly report: SessionReport,
  ) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'The process runs.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'A turn can be taken and kept, if need be in one store alone.' })
  @ApiOkResponse()
  @ApiProblems(503)
  async ready(): Promise<{ status: 'ok' }> {
    await this.stores.look();
    if (!this.stores.canKeepTurns) throw storageUnavailable();
    return { status: 'ok' };
  }

  @Get()
  @HealthCheck()
  @ApiOperation({ summary: 'Redis, database and sync.' })
  async check(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthCheckResult> {
    await this.stores.look();
    try {
      return await this.health.check([
        () => this.indicators.redis(),
        () => this.indicators.database(),
        () => this.indicators.sync(),
      ]);
    } catch (error) {
      // Terminus throws its report when something is down; it is shown as it is, not as a problem of ours.
      if (!(error instanceof ServiceUnavailableException)) throw error;
      void reply.status(error.getStatus());
      return error.getResponse() as HealthCheckResult;
    }
  }

  @Get('sessions')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'The hot tier and the sync in figures.' })
  @ApiOkResponse({ type: SessionHealth })
  sessions(): Promise<SessionHealth> {
    return this.report.read();
  }
}
