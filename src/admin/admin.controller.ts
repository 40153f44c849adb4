import { Controller, Get, HttpCode, Inject, Optional, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ForAdmins } from '../auth/access.js';
import { notInThisMode, storageUnavailable } from '../conversation/errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { RedisUnavailable } from '../redis/lane.js';
import { Sweep } from '../sync/sweep.js';
import { Verify } from '../sync/verify.js';
import { SweepReport, VerifyReport } from './admin.dto.js';

@ApiTags('admin')
@Controller('admin')
@ForAdmins()
export class AdminController {
  constructor(
    @Optional() @Inject(Sweep) private readonly sweep: Sweep | null,
    @Optional() @Inject(Verify) private readonly verification: Verify | null,
  ) {}

  @Post('sync')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sweep now, or join the sweep that is under way.' })
  @ApiOkResponse({ type: SweepReport })
  @ApiProblems(401, 403, 409, 429, 503)
  async sync(): Promise<SweepReport> {
    if (!this.sweep) throw notInThisMode('A sweep');
    const result = await orUnavailable(this.sweep.run());
    const { conversations, turns, failed, deadLetters, durationMs } = result;
    return {
      conversations,
      turns,
      failed,
      dead_letters: deadLetters,
      duration_ms: Math.round(durationMs),
    };
  }

  @Get('verify')
  @ApiOperation({ summary: 'Check the invariants over both stores; takes a while on large data.' })
  @ApiOkResponse({ type: VerifyReport })
  @ApiProblems(401, 403, 409, 429, 503)
  async verify(): Promise<VerifyReport> {
    if (!this.verification) throw notInThisMode('Comparing two stores');
    const violations = await orUnavailable(this.verification.run());
    return {
      ok: violations.length === 0,
      violations: violations.map(({ invariant, conversationId, detail }) => ({
        invariant,
        conversation_id: conversationId,
        detail,
      })),
    };
  }
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof RedisUnavailable ? storageUnavailable(error) : error;
  }
}
