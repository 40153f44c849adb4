import { Module } from '@nestjs/common';
import { AnswerModule } from '../answer/answer.module.js';
import { Asking } from './asking.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { IdempotentTurns } from './idempotent-turns.js';

@Module({
  imports: [AnswerModule],
  controllers: [ChatController],
  providers: [Asking, ChatService, IdempotentTurns],
})
export class ChatModule {}
