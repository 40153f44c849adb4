import { hasCode } from '../conversation/errors.js';
import type { ShownConversation } from '../conversation/own-conversations.js';
import type { ShownTurn } from '../conversation/owner-export.js';
import type { StoredConversation, StoredTurn } from '../conversation/stored-turn.js';
import { openConversation, openTurn } from './contents.js';
import type { Opener } from './opener.js';

/** What cannot be opened is shown without its texts. */
export function showConversation(stored: StoredConversation, opener: Opener): ShownConversation {
  return orClosed<ShownConversation>(
    () => ({ ...openConversation(stored, opener), unreadable: false }),
    () => {
      const closed = { ...stored, title: null, metadata: null };
      return { ...openConversation(closed, opener), unreadable: true };
    },
  );
}

/** What cannot be opened is shown without its texts. */
export function showTurn(turn: StoredTurn, opener: Opener): ShownTurn {
  return orClosed<ShownTurn>(
    () => ({ ...openTurn(turn, opener), unreadable: false }),
    () => ({ ...turn, question: null, answer: null, metadata: null, unreadable: true }),
  );
}

function orClosed<T>(open: () => T, closed: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!hasCode(error, 'decryption_failed')) throw error;
    return closed();
  }
}
