import { Injectable } from '@nestjs/common';
import type { Conversation } from '../conversation/conversation.js';
import {
  type Appended,
  type AppendRequest,
  type FoundTurn,
  HistoryStore,
  type Recalled,
} from '../conversation/history-store.js';
import { StoredHistory } from '../conversation/stored-history.js';
import { openConversation, openForHistory, openTurn, sealTitle, sealTurn } from './contents.js';
import { TopicKey } from './topic-key.js';
import { Vault } from './vault.js';

/** What is said is sealed on its way into the stores, and opened on its way out; below nobody needs a key. */
@Injectable()
export class SealedHistory extends HistoryStore {
  constructor(
    private readonly stored: StoredHistory,
    private readonly vault: Vault,
    private readonly topicKey: TopicKey,
  ) {
    super();
  }

  assertWritable(durability: AppendRequest['durability']): Promise<void> {
    return this.stored.assertWritable(durability);
  }

  async recall(conversationId: string, owner: string | null): Promise<Recalled> {
    const recalled = await this.stored.recall(conversationId, owner);
    const opener = this.vault.opener(conversationId, recalled.keyring);
    return { ...recalled, turns: recalled.turns.map((turn) => openForHistory(turn, opener)) };
  }

  append({ turn, title, keyring, ...request }: AppendRequest): Promise<Appended> {
    const sealer = this.vault.sealer(request.conversationId, keyring);
    return this.stored.append({
      ...request,
      turn: sealTurn(turn, sealer, this.topicKey.current),
      title: title === null ? null : sealTitle(title, sealer),
      keyring: sealer.keyring,
    });
  }

  async find(
    conversationId: string,
    owner: string | null,
    turnId: string,
    durability: AppendRequest['durability'],
  ): Promise<FoundTurn | null> {
    const found = await this.stored.find(conversationId, owner, turnId, durability);
    if (!found) return null;
    const { keyring, turn, ...where } = found;
    return { ...where, turn: openTurn(turn, this.vault.opener(conversationId, keyring)) };
  }

  erase(conversationId: string, owner: string | null): Promise<void> {
    return this.stored.erase(conversationId, owner);
  }

  async end(conversationId: string, owner: string | null): Promise<Conversation> {
    const stored = await this.stored.end(conversationId, owner);
    return openConversation(stored, this.vault.opener(conversationId, stored.keyring));
  }
}
