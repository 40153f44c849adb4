import { Body, Controller, Headers, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems } from '../http/api-problems.js';
import { ChatRateGuard } from './chat-rate.guard.js';
import { ChatReply } from './chat-reply.dto.js';
import { ChatRequest } from './chat-request.dto.js';
import { ChatService } from './chat.service.js';
import { readIdempotencyKey, readIfMatch } from './idempotency.js';

@ApiTags('chat')
@Controller('chat')
@UseGuards(ChatRateGuard)
export class ChatController {
  constructor(private readonly chat: ChatService) {}

  @Post('basic')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask a question, in a new conversation or a known one.' })
  @ApiOkResponse({ type: ChatReply })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Answers a retry with the first reply.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'The last seq, quoted; else 412.' })
  @ApiProblems(400, 401, 404, 409, 412, 413, 422, 429, 500, 502, 503, 504)
  async basic(
    @Body() body: ChatRequest,
    @CurrentCaller() { userId }: Caller,
    @Headers('idempotency-key') key: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<ChatReply> {
    const conditions = {
      idempotency: readIdempotencyKey(key, userId, body),
      expectedSeq: readIfMatch(ifMatch),
    };
    const { reply, replayed } = await this.chat.answer(body, userId, conditions);
    if (replayed) response.header('Idempotency-Replayed', 'true');
    if (reply.durability === 'none') response.header('Cache-Control', 'no-store');
    return reply;
  }
}
