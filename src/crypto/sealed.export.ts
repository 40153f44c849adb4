import { Injectable } from '@nestjs/common';
import { hasCode } from '../conversation/errors.js';
import { type Exported, OwnerExport, type ShownTurn } from '../conversation/owner-export.js';
import {
  StoredExport,
  type StoredExportedConversation,
  type StoredExportedTurn,
} from '../conversation/stored-export.js';
import type { StoredTurn } from '../conversation/stored-turn.js';
import { openConversation, openTurn } from './contents.js';
import type { Opener } from './opener.js';
import { Vault } from './vault.js';

/** Opens what is exported. What cannot be opened is shown without its texts; nothing else fails for it. */
@Injectable()
export class SealedExport extends OwnerExport {
  constructor(
    private readonly stored: StoredExport,
    private readonly vault: Vault,
  ) {
    super();
  }

  async *exportAll(owner: string | null): AsyncGenerator<Exported> {
    // Of the conversation that is being shown: to unwrap a data key for each turn would double the work.
    let opener: Opener | undefined;
    let opens = '';
    for await (const item of this.stored.exportAll(owner)) {
      const { id, keyring } =
        item.type === 'conversation'
          ? item.conversation
          : { id: item.conversationId, keyring: item.keyring };
      if (!opener || opens !== `${id} ${keyring}`) {
        opener = this.vault.opener(id, keyring);
        opens = `${id} ${keyring}`;
      }
      yield item.type === 'conversation'
        ? shownConversation(item, opener)
        : shownTurn(item, opener);
    }
  }
}

function shownConversation(
  { type, conversation }: StoredExportedConversation,
  opener: Opener,
): Exported {
  try {
    return { type, conversation: openConversation(conversation, opener), unreadable: false };
  } catch (error) {
    if (!hasCode(error, 'decryption_failed')) throw error;
    const closed = { ...conversation, title: null, metadata: null };
    return { type, conversation: openConversation(closed, opener), unreadable: true };
  }
}

function shownTurn(
  { type, conversationId, seq, durability, turn }: StoredExportedTurn,
  opener: Opener,
): Exported {
  return { type, conversationId, seq, durability, turn: opened(turn, opener) };
}

function opened(turn: StoredTurn, opener: Opener): ShownTurn {
  try {
    return { ...openTurn(turn, opener), unreadable: false };
  } catch (error) {
    if (!hasCode(error, 'decryption_failed')) throw error;
    return { ...turn, question: null, answer: null, metadata: null, unreadable: true };
  }
}
