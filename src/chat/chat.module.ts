import { type DynamicModule, Module } from '@nestjs/common';
import { AnswerModule } from '../answer/answer.module.js';
import type { Environment } from '../config/environment.js';
import { LimitsModule } from '../limits/limits.module.js';
import { Asking } from './asking.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { IdempotentTurns } from './idempotent-turns.js';
import { PromptHistory } from './prompt-history.js';

@Module({})
export class ChatModule {
  static forRoot(environment: Environment): DynamicModule {
    return {
      module: ChatModule,
      imports: [AnswerModule, LimitsModule.forRoot(environment)],
      controllers: [ChatController],
      providers: [ChatService, Asking, PromptHistory, IdempotentTurns],
    };
  }
}
