import { Injectable } from '@nestjs/common';
import { turnNotFound } from '../conversation/errors.js';
import {
  type ConversationChange,
  type ConversationList,
  type ListRequest,
  OwnConversations,
  type PlacedTurn,
  type ShownConversation,
  type TurnPage,
  type TurnsRequest,
} from '../conversation/own-conversations.js';
import {
  StoredConversations,
  type StoredDescription,
} from '../conversation/stored-conversations.js';
import { type StoredFound, StoredHistory } from '../conversation/stored-history.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { openConversation, sealDescription } from './contents.js';
import type { Opener } from './opener.js';
import { showConversation, showTurn } from './shown.js';
import { Vault } from './vault.js';

/** Opens what is shown, and seals what is changed. What cannot be opened is shown without its texts. */
@Injectable()
export class SealedConversations extends OwnConversations {
  constructor(
    private readonly stored: StoredConversations,
    private readonly history: StoredHistory,
    private readonly vault: Vault,
  ) {
    super();
  }

  async list(owner: string | null, request: ListRequest): Promise<ConversationList> {
    const { conversations, next } = await this.stored.list(owner, request);
    return { conversations: conversations.map((each) => this.shown(each)), next };
  }

  async read(conversationId: string, owner: string | null): Promise<ShownConversation> {
    return this.shown(await this.stored.read(conversationId, owner));
  }

  async turns(
    conversationId: string,
    owner: string | null,
    request: TurnsRequest,
  ): Promise<TurnPage> {
    const { turns, nextBefore } = await this.stored.turns(conversationId, owner, request);
    // To unwrap a data key for each turn would double the work.
    const openers = new Map<string, Opener>();
    const openerOf = ({ keyring }: StoredFound): Opener => {
      const known = openers.get(keyring) ?? this.vault.opener(conversationId, keyring);
      openers.set(keyring, known);
      return known;
    };
    return { turns: turns.map((each) => placed(each, openerOf(each))), nextBefore };
  }

  async turn(conversationId: string, owner: string | null, turnId: string): Promise<PlacedTurn> {
    const found = await this.history.find(conversationId, owner, turnId, 'accepted');
    if (found) return placed(found, this.vault.opener(conversationId, found.keyring));
    // Whose conversation it is comes first.
    await this.stored.read(conversationId, owner);
    throw turnNotFound();
  }

  async change(
    conversationId: string,
    owner: string | null,
    change: ConversationChange,
  ): Promise<ShownConversation> {
    const describe = (current: StoredConversation) => this.described(current, change);
    return this.shown(await this.stored.change(conversationId, owner, describe));
  }

  private shown(stored: StoredConversation): ShownConversation {
    return showConversation(stored, this.vault.opener(stored.id, stored.keyring));
  }

  /** Title and metadata bear one key, so what stays is sealed anew with what changes; null needs no key to go. */
  private described(
    current: StoredConversation,
    { title, metadata, isArchived = current.isArchived }: ConversationChange,
  ): StoredDescription {
    if (title === undefined && metadata === undefined) {
      return { ...current, keyring: '', isArchived };
    }
    const kept = {
      ...current,
      title: title === undefined ? current.title : null,
      metadata: metadata === undefined ? current.metadata : null,
    };
    const opened = openConversation(kept, this.vault.opener(current.id, current.keyring));
    const sealer = this.vault.sealer(current.id, current.keyring);
    const described = { title: title ?? opened.title, metadata: metadata ?? opened.metadata };
    return { ...sealDescription(described, sealer), isArchived };
  }
}

const placed = ({ turn, seq, durability }: StoredFound, opener: Opener): PlacedTurn => ({
  turn: showTurn(turn, opener),
  seq,
  durability,
});
