import { Module } from '@nestjs/common';
import { AnswerModule } from '../answer/answer.module.js';
import { Asking } from './asking.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { FirstTurns } from './first-turns.js';
import { IdempotentTurns } from './idempotent-turns.js';
import { PromptHistory } from './prompt-history.js';

@Module({
  imports: [AnswerModule],
  controllers: [ChatController],
  providers: [ChatService, Asking, PromptHistory, FirstTurns, IdempotentTurns],
})
export class ChatModule {}
