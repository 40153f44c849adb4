import { Injectable } from '@nestjs/common';
import { assertKnown } from '../conversation/errors.js';
import {
  StoredExport,
  type StoredExported,
  type StoredExportedTurn,
} from '../conversation/stored-export.js';
import type { StoredConversation } from '../conversation/stored-turn.js';
import { ArchivePages, type PagedTurn, type TurnRange } from './archive-pages.js';

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Everything of an owner that is archived. */
@Injectable()
export class DatabaseExport extends StoredExport {
  constructor(private readonly archive: ArchivePages) {
    super();
  }

  /** @param except conversations that are shown otherwise */
  async *exportAll(
    owner: string | null,
    except: ReadonlySet<string> = new Set(),
  ): AsyncGenerator<StoredExported> {
    assertKnown(owner);
    for (let afterId = ''; ;) {
      const page = await this.archive.conversations(owner, afterId);
      if (page.length === 0) return;
      afterId = page.at(-1)!.id;
      const shown = page.filter(({ id }) => !except.has(id));
      // Many small conversations in few pages of turns.
      if (shown.length > 0) yield* this.conversations(shown, owner);
    }
  }

  /** In the order of the conversations: of each, the turns behind this place that it was read with. */
  async *turns(
    conversations: readonly StoredConversation[],
    afterSeq = 0,
  ): AsyncGenerator<StoredExportedTurn> {
    const keyrings = new Map(conversations.map(({ id, keyring }) => [id, keyring]));
    let ranges: TurnRange[] = conversations.map(({ id, turnCount }) => ({
      conversationId: id,
      afterSeq,
      upToSeq: turnCount,
    }));
    while (ranges.length > 0) {
      const page = await this.archive.turns(ranges);
      for (const { conversationId, turn: numbered } of page) {
        const { seq, ...turn } = numbered;
        const keyring = keyrings.get(conversationId)!;
        yield { type: 'turn', conversationId, turn, seq, durability: 'committed', keyring };
      }
      ranges = rangesBehind(ranges, page.at(-1));
    }
  }

  /** Turns that are not yet archived for what they are; accepted they were. */
  async *letters(conversationId: string, owner: string): AsyncGenerator<StoredExportedTurn> {
    for (let afterId = NO_ID; ;) {
      const page = await this.archive.letters(conversationId, afterId);
      if (page.length === 0) return;
      afterId = page.at(-1)!.id;
      // Read after them: it has their keys.
      const conversation = await this.archive.conversation(conversationId, owner);
      if (typeof conversation === 'string') return;
      const { keyring } = conversation;
      for (const turn of page) {
        yield { type: 'turn', conversationId, turn, seq: null, durability: 'accepted', keyring };
      }
    }
  }

  private async *conversations(
    conversations: readonly StoredConversation[],
    owner: string,
  ): AsyncGenerator<StoredExported> {
    const withLetters = await this.archive.withLetters(conversations.map(({ id }) => id));
    const turns = this.turns(conversations);
    let next = await turns.next();
    for (const conversation of conversations) {
      const { id } = conversation;
      yield { type: 'conversation', conversation };
      for (; !next.done && next.value.conversationId === id; next = await turns.next()) {
        yield next.value;
      }
      if (withLetters.has(id)) yield* this.letters(id, owner);
    }
  }
}

/** What is left of the ranges when all up to this turn was read; nothing when there was none. */
function rangesBehind(ranges: readonly TurnRange[], last: PagedTurn | undefined): TurnRange[] {
  const index = ranges.findIndex(({ conversationId }) => conversationId === last?.conversationId);
  const [begun, ...others] = index < 0 ? [] : ranges.slice(index);
  if (!last || !begun) return [];
  const afterSeq = last.turn.seq;
  return afterSeq < begun.upToSeq ? [{ ...begun, afterSeq }, ...others] : others;
}
