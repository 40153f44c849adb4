import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { KEEPING, onlyIn } from '../auth/mode.guard.js';
import { UUID } from '../conversation/conversation.js';
import { turnNotFound } from '../conversation/errors.js';
import { OwnConversations } from '../conversation/own-conversations.js';
import { ApiProblems } from '../http/api-problems.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';
import { TurnPageDto } from './lists.dto.js';
import { type Query as AnyQuery, readInteger, readOneOf } from './query.js';
import { TurnDto } from './turn.dto.js';

const LISTED = { fallback: 50, min: 1, max: 200 };
const BEFORE = { fallback: null, min: 1, max: Number.MAX_SAFE_INTEGER };

@ApiTags('conversations')
@Controller('conversations/:id/turns')
@UseGuards(onlyIn(KEEPING, 'Naming a conversation'))
export class TurnsController {
  constructor(private readonly own: OwnConversations) {}

  @Get()
  @ApiOperation({
    summary: 'The newest turns of a conversation, or the newest ones below `before`.',
    description:
      'Those that are not in Postgres yet are among them. A page whose turns have more than 4 MiB together is shorter.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', default: 50, minimum: 1, maximum: 200 },
  })
  @ApiQuery({
    name: 'before',
    required: false,
    description: 'A seq.',
    schema: { type: 'integer', minimum: 1 },
  })
  @ApiQuery({ name: 'order', required: false, enum: ['asc', 'desc'] })
  @ApiOkResponse({ type: TurnPageDto })
  @ApiProblems(400, 401, 404, 409, 429, 503)
  async list(
    @Param('id', ConversationIdPipe) conversationId: string,
    @Query() query: AnyQuery,
    @CurrentCaller() { userId }: Caller,
  ): Promise<TurnPageDto> {
    const order = readOneOf(query, 'order', ['asc', 'desc']);
    const { turns, nextBefore } = await this.own.turns(conversationId, userId, {
      limit: readInteger(query, 'limit', LISTED),
      beforeSeq: readInteger(query, 'before', BEFORE),
    });
    const data = turns.map((turn) => new TurnDto(turn));
    return { data: order === 'asc' ? data : data.toReversed(), next_before: nextBefore };
  }

  @Get(':turn_id')
  @ApiOperation({ summary: 'A turn, as safe as it is now.' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiParam({ name: 'turn_id', format: 'uuid' })
  @ApiOkResponse({ type: TurnDto })
  @ApiProblems(401, 404, 409, 429, 503)
  async read(
    @Param('id', ConversationIdPipe) conversationId: string,
    @Param('turn_id') turnId: string,
    @CurrentCaller() { userId }: Caller,
  ): Promise<TurnDto> {
    if (UUID.test(turnId)) {
      return new TurnDto(await this.own.turn(conversationId, userId, turnId.toLowerCase()));
    }
    // Whose conversation it is comes first.
    await this.own.read(conversationId, userId);
    throw turnNotFound();
  }
}
