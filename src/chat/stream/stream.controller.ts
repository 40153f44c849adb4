import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../../auth/caller.js';
import { KEEPING, onlyIn } from '../../auth/mode.guard.js';
import { UUID } from '../../conversation/conversation.js';
import { conversationNotFound } from '../../conversation/errors.js';
import { ApiProblems } from '../../http/api-problems.js';
import { ChatRateGuard } from '../chat-rate.guard.js';
import { ChatRequest } from '../chat-request.dto.js';
import { readIdempotencyKey, readIfMatch } from '../idempotency.js';
import { AnswerReaders } from './answer-readers.js';
import { sendEvents } from './send-events.js';
import { StopRequest } from './stop-request.dto.js';
import { readStreamBody, UseChatRequest } from './stream-body.js';
import { StreamedTurns } from './streamed-turns.js';

const EVENTS = {
  description: 'Server-sent events in the AI SDK UI message stream format, version 1.',
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};

const KeptAnswers = onlyIn(KEEPING, 'Resuming or stopping');

@ApiTags('chat')
@Controller('chat')
@ApiExtraModels(ChatRequest, UseChatRequest)
export class StreamController {
  constructor(
    private readonly turns: StreamedTurns,
    private readonly readers: AnswerReaders,
  ) {}

  @Post('stream')
  @HttpCode(200)
  @UseGuards(ChatRateGuard)
  @ApiOperation({ summary: 'Ask a question, and read the answer as it comes.' })
  @ApiBody({
    schema: { oneOf: [ChatRequest, UseChatRequest].map((each) => ({ $ref: getSchemaPath(each) })) },
  })
  @ApiOkResponse(EVENTS)
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Answers a retry with the first answer.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'The last seq, quoted; else 412.' })
  @ApiProblems(400, 401, 404, 409, 412, 413, 422, 429, 500, 502, 503, 504)
  async stream(
    @Body() body: unknown,
    @CurrentCaller() { userId }: Caller,
    @Headers('idempotency-key') key: string | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = await readStreamBody(body);
    const conditions = {
      idempotency: readIdempotencyKey(key, userId, body),
      expectedSeq: readIfMatch(ifMatch),
    };
    const request = await this.turns.named(asked, userId);
    const { answer, replayed, left } = await this.turns.start(request, userId, conditions);
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    sendEvents(reply, { turn: answer, read: (signal) => answer.read(signal), seen: 0 }, left);
  }

  @Get('stream/:conversation_id')
  @UseGuards(KeptAnswers)
  @ApiOperation({ summary: 'Read on in the running answer, on any instance.' })
  @ApiParam({ name: 'conversation_id', format: 'uuid' })
  @ApiOkResponse(EVENTS)
  @ApiNoContentResponse({ description: 'No answer is running.' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Begins after this event; without it, at the start.',
  })
  @ApiProblems(401, 404, 409, 429, 503)
  async resume(
    @Param('conversation_id') conversationId: string,
    @CurrentCaller() { userId }: Caller,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!UUID.test(conversationId)) throw conversationNotFound();
    const shown = await this.readers.resume(conversationId.toLowerCase(), userId, lastEventId);
    if (shown) sendEvents(reply, shown);
    else void reply.status(204).send();
  }

  @Post('stop')
  @HttpCode(204)
  @UseGuards(KeptAnswers)
  @ApiOperation({ summary: 'Stop the running answer; what was said is kept.' })
  @ApiNoContentResponse({ description: 'None is running any more.' })
  @ApiProblems(400, 401, 404, 409, 429, 503)
  async stop(@Body() body: StopRequest, @CurrentCaller() { userId }: Caller): Promise<void> {
    await this.readers.stop(body.conversation_id.toLowerCase(), userId);
  }
}
