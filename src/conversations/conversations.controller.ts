import { Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { HistoryStore } from '../conversation/history-store.js';
import { ApiProblems } from '../http/api-problems.js';
import { ConversationDto } from './conversation.dto.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';

@ApiTags('conversations')
@Controller('conversations')
export class ConversationsController {
  constructor(private readonly store: HistoryStore) {}

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
