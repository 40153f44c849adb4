import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { MetricsGuard } from '../auth/metrics.guard.js';
import { ApiProblems } from '../http/api-problems.js';
import { Metrics } from '../metrics/metrics.js';

@ApiTags('admin')
@Controller('metrics')
@UseGuards(MetricsGuard)
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @ApiOperation({ summary: 'Prometheus metrics; with ADMIN_TOKEN where one is set.' })
  @ApiProduces('text/plain')
  @ApiOkResponse()
  @ApiProblems(401)
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.registry.contentType);
    return this.metrics.text();
  }
}
