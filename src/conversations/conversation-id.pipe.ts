import { Injectable, type PipeTransform } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { UUID } from '../conversation/conversation.js';
import { conversationNotFound, notInThisMode } from '../conversation/errors.js';

/** The id in a path. What cannot be an id is not found, like every other id that names nothing. */
@Injectable()
export class ConversationIdPipe implements PipeTransform<string, string> {
  constructor(private readonly environment: Environment) {}

  transform(id: string): string {
    // A mode's answer comes before any other: it holds for every id.
    if (this.environment.historyMode === 'client') throw notInThisMode('Naming a conversation');
    if (!UUID.test(id)) throw conversationNotFound();
    return id.toLowerCase();
  }
}
