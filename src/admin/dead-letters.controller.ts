import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Optional,
  Param,
  ParseUUIDPipe,
  Post,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ForAdmins } from '../auth/access.js';
import { notInThisMode, ServiceError } from '../conversation/errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { DeadLetters } from '../persistence/dead-letters.js';
import { describeRefusal } from '../persistence/sqlstate.js';
import { Recovery } from '../sync/recovery.js';
import { DeadLetterList, RetriedLetterDto } from './admin.dto.js';

const turnId = new ParseUUIDPipe({
  exceptionFactory: () => new ServiceError('turn_not_found', 'There is no such dead letter.'),
});

@ApiTags('admin')
@Controller('admin/dead-letters')
@ForAdmins()
export class DeadLettersController {
  constructor(
    @Optional() @Inject(DeadLetters) private readonly letters: DeadLetters | null,
    @Optional() @Inject(Recovery) private readonly recovery: Recovery | null,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Turns that Postgres refuses, the newest first, without their contents.',
  })
  @ApiOkResponse({ type: DeadLetterList })
  @ApiProblems(401, 403, 409, 429, 503)
  async list(): Promise<DeadLetterList> {
    const letters = await this.present().list();
    return {
      data: letters.map((letter) => ({
        turn_id: letter.turnId,
        conversation_id: letter.conversationId,
        reason: describeRefusal(letter.sqlstate),
        sqlstate: letter.sqlstate,
        at: letter.at.toISOString(),
        attempts: letter.attempts,
      })),
    };
  }

  @Post(':turnId/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Try to archive a dead letter; it takes the next free seq.' })
  @ApiOkResponse({ type: RetriedLetterDto })
  @ApiProblems(401, 403, 404, 409, 429, 503)
  async retry(@Param('turnId', turnId) id: string): Promise<RetriedLetterDto> {
    const { conversationId, seq } = await this.present().retry(id);
    // The session lacks the turn; where Redis is away, the mark waits for it.
    if (seq !== null) await this.recovery?.recover().catch(() => undefined);
    return { turn_id: id, conversation_id: conversationId, seq };
  }

  private present(): DeadLetters {
    if (!this.letters) throw notInThisMode('A dead letter');
    return this.letters;
  }
}
