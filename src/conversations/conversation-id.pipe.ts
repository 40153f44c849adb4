import { Injectable, type PipeTransform } from '@nestjs/common';
import { UUID } from '../conversation/conversation.js';
import { conversationNotFound } from '../conversation/errors.js';

/** The id in a path. What cannot be an id is not found, like every other id that names nothing. */
@Injectable()
export class ConversationIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (!UUID.test(id)) throw conversationNotFound();
    return id.toLowerCase();
  }
}
