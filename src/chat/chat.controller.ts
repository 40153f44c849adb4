import { Body, Controller, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems } from '../http/api-problems.js';
import { ChatRateGuard } from '../limits/chat-rate.guard.js';
import { ChatReply } from './chat-reply.dto.js';
import { ChatRequest } from './chat-request.dto.js';
import { ChatService } from './chat.service.js';

@ApiTags('chat')
@Controller('chat')
@UseGuards(ChatRateGuard)
export class ChatController {
  constructor(private readonly chat: ChatService) {}

  @Post('basic')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask a question, in a new conversation or a known one.' })
  @ApiOkResponse({ type: ChatReply })
  @ApiProblems(400, 404, 413, 429, 502, 503, 504)
  async basic(
    @Body() body: ChatRequest,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<ChatReply> {
    const reply = await this.chat.answer(body, caller);
    if (reply.durability === 'none') response.header('Cache-Control', 'no-store');
    return reply;
  }
}
