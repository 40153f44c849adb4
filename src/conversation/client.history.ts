import type { Conversation } from './conversation.js';
import { notInThisMode } from './errors.js';
import { type Appended, type FoundTurn, HistoryStore, type Recalled } from './history-store.js';

/** `HISTORY_MODE=client`: the client keeps the history, and sends it along. */
export class ClientHistory extends HistoryStore {
  async assertWritable(): Promise<void> {
    throw notInThisMode('Keeping a turn');
  }

  async recall(): Promise<Recalled> {
    throw notInThisMode('Recalling a conversation');
  }

  async append(): Promise<Appended> {
    throw notInThisMode('Keeping a turn');
  }

  async find(): Promise<FoundTurn | null> {
    throw notInThisMode('Finding a turn');
  }

  async erase(): Promise<void> {
    throw notInThisMode('Erasing a conversation');
  }

  async end(): Promise<Conversation> {
    throw notInThisMode('Ending a conversation');
  }
}
