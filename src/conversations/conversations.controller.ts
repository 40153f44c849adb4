import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ARCHIVING, KEEPING, onlyIn } from '../auth/mode.guard.js';
import { HistoryStore } from '../conversation/history-store.js';
import { OwnConversations, type ShownConversation } from '../conversation/own-conversations.js';
import { ApiProblems } from '../http/api-problems.js';
import { ConversationChangeDto } from './conversation-change.dto.js';
import { ConversationDto } from './conversation.dto.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';
import { cursorOf, placeOfCursor } from './cursor.js';
import { etagOf, namesEtag } from './etag.js';
import { ConversationListDto } from './lists.dto.js';
import { type Query as AnyQuery, readInteger, readOneOf } from './query.js';

const LISTED = { fallback: 20, min: 1, max: 100 };

const shown = ({ unreadable, ...conversation }: ShownConversation): ConversationDto =>
  new ConversationDto(conversation, unreadable);

@ApiTags('conversations')
@Controller('conversations')
@UseGuards(onlyIn(KEEPING, 'Naming a conversation'))
export class ConversationsController {
  constructor(
    private readonly own: OwnConversations,
    private readonly store: HistoryStore,
  ) {}

  @Get()
  @UseGuards(onlyIn(ARCHIVING, 'Listing conversations'))
  @ApiOperation({
    summary: 'The caller’s conversations, the newest activity first.',
    description: 'Page by page, each is there once, whatever begins meanwhile.',
  })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', default: 20, minimum: 1, maximum: 100 },
  })
  @ApiQuery({ name: 'cursor', required: false, description: '`next_cursor` of the page before.' })
  @ApiQuery({ name: 'archived', required: false, enum: ['false', 'true'] })
  @ApiOkResponse({ type: ConversationListDto })
  @ApiProblems(400, 401, 403, 409, 429, 503)
  async list(
    @Query() query: AnyQuery,
    @CurrentCaller() { userId }: Caller,
  ): Promise<ConversationListDto> {
    const { conversations, next } = await this.own.list(userId, {
      limit: readInteger(query, 'limit', LISTED),
      after: placeOfCursor(query['cursor']),
      archived: readOneOf(query, 'archived', ['false', 'true']) === 'true',
    });
    return { data: conversations.map(shown), next_cursor: next && cursorOf(next) };
  }

  @Get(':id')
  @ApiOperation({
    summary: 'A conversation; its ETag is the last seq, for If-Match of the chat routes.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The last seq, quoted.' })
  @ApiOkResponse({
    type: ConversationDto,
    headers: { ETag: { description: 'The last seq, quoted.', schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 304, description: 'There is no turn since the one that was named.' })
  @ApiProblems(401, 404, 409, 429, 503)
  async read(
    @Param('id', ConversationIdPipe) conversationId: string,
    @CurrentCaller() { userId }: Caller,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationDto | undefined> {
    const conversation = await this.own.read(conversationId, userId);
    const etag = etagOf(conversation.turnCount);
    void reply.header('ETag', etag);
    if (!namesEtag(ifNoneMatch, etag)) return shown(conversation);
    void reply.status(304);
    return undefined;
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Rename a conversation, describe it anew, archive it or bring it back.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: ConversationDto })
  @ApiProblems(400, 401, 404, 409, 413, 429, 500, 503)
  async change(
    @Param('id', ConversationIdPipe) conversationId: string,
    @Body() { title, metadata, is_archived: isArchived }: ConversationChangeDto,
    @CurrentCaller() { userId }: Caller,
  ): Promise<ConversationDto> {
    const change = {
      ...(title !== undefined && { title }),
      ...(metadata !== undefined && { metadata }),
      ...(isArchived !== undefined && { isArchived }),
    };
    return shown(await this.own.change(conversationId, userId, change));
  }

  @Post(':id/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the session: its turns go into the archive, and it leaves Redis.' })
  @ApiOkResponse({ type: ConversationDto })
  @ApiProblems(401, 404, 409, 429, 500, 503)
  async end(
    @Param('id', ConversationIdPipe) conversationId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ConversationDto> {
    return new ConversationDto(await this.store.end(conversationId, caller.userId));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Erase the conversation in both tiers, for good.' })
  @ApiNoContentResponse()
  @ApiProblems(401, 404, 409, 429, 503)
  async erase(
    @Param('id', ConversationIdPipe) conversationId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    await this.store.erase(conversationId, caller.userId);
  }
}
