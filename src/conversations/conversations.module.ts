import { Module } from '@nestjs/common';
import { ConversationsController } from './conversations.controller.js';
import { MeController } from './me.controller.js';

@Module({ controllers: [ConversationsController, MeController] })
export class ConversationsModule {}
