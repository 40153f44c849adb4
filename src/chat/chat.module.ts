import { Module } from '@nestjs/common';
import { AnswerModule } from '../answer/answer.module.js';
import { Asking } from './asking.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';
import { FirstTurns } from './first-turns.js';
import { HistoryDepth } from './history-depth.js';
import { IdempotentTurns } from './idempotent-turns.js';
import { OwedErasures } from './owed-erasures.js';
import { PromptHistory } from './prompt-history.js';
import { AbandonedAnswers } from './stream/abandoned-answers.js';
import { AnswerReaders } from './stream/answer-readers.js';
import { FollowedAnswers } from './stream/followed-answers.js';
import { RunningAnswers } from './stream/running-answers.js';
import { StreamController } from './stream/stream.controller.js';
import { StreamedTurns } from './stream/streamed-turns.js';

@Module({
  imports: [AnswerModule],
  controllers: [ChatController, StreamController],
  providers: [
    Asking,
    ChatService,
    FirstTurns,
    IdempotentTurns,
    OwedErasures,
    HistoryDepth,
    PromptHistory,
    StreamedTurns,
    RunningAnswers,
    AbandonedAnswers,
    AnswerReaders,
    FollowedAnswers,
  ],
})
export class ChatModule {}
