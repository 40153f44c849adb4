import type { Conversation } from './conversation.js';
import { notInThisMode } from './errors.js';
import { type Appended, HistoryStore, type Recalled } from './history-store.js';

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

  async end(): Promise<Conversation> {
    throw notInThisMode('Ending a conversation');
  }
}
