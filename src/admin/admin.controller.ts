import { Controller, HttpCode, Inject, Optional, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../auth/admin.guard.js';
import { notInThisMode, storageUnavailable } from '../conversation/errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { RedisUnavailable } from '../redis/lane.js';
import { Sweep } from '../sync/sweep.js';

export class SweepReport {
  @ApiProperty()
  conversations: number;

  @ApiProperty()
  turns: number;

  @ApiProperty({ description: 'Conversations that are still dirty because their flush failed.' })
  failed: number;

  @ApiProperty({ description: 'Turns that Postgres refuses; they are kept apart.' })
  dead_letters: number;

  @ApiProperty()
  duration_ms: number;
}

@ApiTags('admin')
@ApiBearerAuth()
@Controller('admin')
@UseGuards(AdminGuard)
export class AdminController {
  constructor(@Optional() @Inject(Sweep) private readonly sweep: Sweep | null) {}

  @Post('sync')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sweep now, or join the sweep that is under way.' })
  @ApiOkResponse({ type: SweepReport })
  @ApiProblems(401, 403, 409, 503)
  async sync(): Promise<SweepReport> {
    if (!this.sweep) throw notInThisMode('A sweep');
    try {
      const { conversations, turns, failed, durationMs } = await this.sweep.run();
      return { conversations, turns, failed, dead_letters: 0, duration_ms: Math.round(durationMs) };
    } catch (error) {
      throw error instanceof RedisUnavailable ? storageUnavailable(error) : error;
    }
  }
}
