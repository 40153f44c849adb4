import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ForMetrics } from '../auth/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { Metrics } from '../metrics/metrics.js';

@ApiTags('admin')
@Controller('metrics')
@ForMetrics()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @ApiOperation({ summary: 'Prometheus metrics; for administrators where an ADMIN_TOKEN is set.' })
  @ApiProduces('text/plain')
  @ApiOkResponse()
  @ApiProblems(401, 403, 429, 503)
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.registry.contentType);
    return this.metrics.text();
  }
}
