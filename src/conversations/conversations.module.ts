import { Module } from '@nestjs/common';
import { UnreadReplies } from '../http/unread-replies.js';
import { ConversationsController } from './conversations.controller.js';
import { MeController } from './me.controller.js';
import { SearchController } from './search.controller.js';
import { TurnsController } from './turns.controller.js';

@Module({
  controllers: [SearchController, ConversationsController, TurnsController, MeController],
  providers: [UnreadReplies],
})
export class ConversationsModule {}
