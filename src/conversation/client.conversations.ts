import { notInThisMode } from './errors.js';
import {
  type ConversationList,
  OwnConversations,
  type PlacedTurn,
  type ShownConversation,
  type TurnPage,
} from './own-conversations.js';

/** `HISTORY_MODE=client`: the client has its conversations itself. */
export class ClientConversations extends OwnConversations {
  async list(): Promise<ConversationList> {
    throw notInThisMode('Listing conversations');
  }

  async read(): Promise<ShownConversation> {
    throw notInThisMode('Reading a conversation');
  }

  async turns(): Promise<TurnPage> {
    throw notInThisMode('Reading a conversation');
  }

  async turn(): Promise<PlacedTurn> {
    throw notInThisMode('Reading a turn');
  }

  async change(): Promise<ShownConversation> {
    throw notInThisMode('Changing a conversation');
  }
}
