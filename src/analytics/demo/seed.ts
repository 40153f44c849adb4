import { Injectable } from '@nestjs/common';
import { titleOf } from '../../conversation/title.js';
import { sealTitle, sealTurn } from '../../crypto/contents.js';
import { Vault } from '../../crypto/vault.js';
import { Archive } from '../../persistence/archive.js';
import { DatabaseTopicKey } from '../../persistence/database.topic-key.js';
import type { ConversationBatch } from '../../persistence/archive.statements.js';
import { DemoData } from '../../persistence/demo-data.js';
import {
  type DemoConversation,
  demoConversations,
  type DemoOptions,
} from './demo-conversations.js';

const BATCH_TURNS = 500;

type Progress = (done: number, total: number) => void;

/** Fills the archive with demo data, and takes them out again. Each may be cut off at any time and run again. */
@Injectable()
export class DemoSeed {
  constructor(
    private readonly archive: Archive,
    private readonly data: DemoData,
    private readonly vault: Vault,
    private readonly topicKey: DatabaseTopicKey,
  ) {}

  /** @returns how many conversations went. */
  async remove(progress: Progress): Promise<number> {
    const total = await this.data.count();
    let done = 0;
    for (let removed = 1; removed > 0; done += removed) {
      progress(done, total);
      removed = await this.data.removeSome();
    }
    return done;
  }

  /** By the same road as every turn: sealed where there are keys, and numbered by Postgres. @returns conversations. */
  async fill(options: DemoOptions, progress: Progress): Promise<number> {
    let conversations = 0;
    let turns = 0;
    let batch: ConversationBatch[] = [];
    let size = 0;
    const commit = async () => {
      await this.archive.commit(batch);
      conversations += batch.length;
      turns += size;
      progress(turns, options.turns);
      batch = [];
      size = 0;
    };
    for (const conversation of demoConversations(options)) {
      batch.push(this.sealed(conversation));
      size += conversation.turns.length;
      if (size >= BATCH_TURNS) await commit();
    }
    if (size > 0) await commit();
    await this.data.vacuum();
    return conversations;
  }

  private sealed({ id, owner, turns }: DemoConversation): ConversationBatch {
    const sealer = this.vault.sealer(id, '');
    const title = titleOf(turns[0]!.question);
    return {
      conversationId: id,
      owner,
      createdAt: turns[0]!.createdAt,
      turns: turns.map((turn) => sealTurn(turn, sealer, this.topicKey.current)),
      keyring: sealer.keyring,
      title: title === null ? null : sealTitle(title, sealer),
    };
  }
}
