import { Injectable } from '@nestjs/common';
import { type Exported, OwnerExport } from '../conversation/owner-export.js';
import {
  StoredExport,
  type StoredExportedConversation,
  type StoredExportedTurn,
} from '../conversation/stored-export.js';
import type { Opener } from './opener.js';
import { showConversation, showTurn } from './shown.js';
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
  { type, conversation: stored }: StoredExportedConversation,
  opener: Opener,
): Exported {
  const { unreadable, ...conversation } = showConversation(stored, opener);
  return { type, conversation, unreadable };
}

function shownTurn(
  { type, conversationId, seq, durability, turn }: StoredExportedTurn,
  opener: Opener,
): Exported {
  return { type, conversationId, seq, durability, turn: showTurn(turn, opener) };
}
