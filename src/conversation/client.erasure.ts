import { notInThisMode } from './errors.js';
import { type ErasedEverything, OwnerErasure } from './owner-erasure.js';

/** `HISTORY_MODE=client`: nothing is kept, so nothing is there to be erased. */
export class ClientErasure extends OwnerErasure {
  async mark(): Promise<null> {
    throw notInThisMode('Beginning a conversation');
  }

  async eraseAll(): Promise<ErasedEverything> {
    throw notInThisMode('Erasing everything');
  }
}
