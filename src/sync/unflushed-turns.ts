import { Injectable } from '@nestjs/common';
import { mergeKeyrings } from '../conversation/keyring.js';
import type { AcceptedBatch, AcceptedTurn } from '../persistence/accepted.statements.js';

/** Turns of one conversation that Redis has accepted, in their order. */
export interface AcceptedTurns extends Omit<AcceptedBatch, 'conversationId'> {
  /** When the first of them was, by performance.now(). */
  readonly sinceMs: number;
}

/** A turn of a conversation, with what Redis has accepted along with it. */
interface Noted extends Omit<AcceptedBatch, 'turns'> {
  readonly turn: AcceptedTurn;
  readonly acceptedMs: number;
}

// A second copy costs memory: some seconds of a busy instance, hours of an idle one. The oldest are let go.
const MAX_CHARACTERS = 32 * 1024 * 1024;
// What a turn takes beside its question and answer: citations, figures, the object itself.
const OTHER_CHARACTERS = 2048;

const sizeOf = ({ question, answer }: AcceptedTurn): number =>
  question.length + answer.length + OTHER_CHARACTERS;

/**
 * What this very instance had accepted into Redis and does not know archived yet: a second copy, for the
 * time when Redis cannot be asked for the first one. Bounded; correctness never depends on it.
 */
@Injectable()
export class UnflushedTurns {
  private readonly conversations = new Map<string, AcceptedTurns>();
  // Turns that Redis may have lost: by their ids.
  private readonly doubtful = new Set<string>();
  private characters = 0;

  get conversationIds(): string[] {
    return [...this.conversations.keys()];
  }

  of(conversationId: string): AcceptedTurns | undefined {
    return this.conversations.get(conversationId);
  }

  note({ conversationId, owner, turn, keyring, title, acceptedMs }: Noted): void {
    const nothing = { turns: [], keyring: '', title: null, sinceMs: acceptedMs };
    const { turns, ...known } = this.of(conversationId) ?? nothing;
    // Replies of parallel turns may come in another order than their places.
    const place = turns.findLastIndex(({ seq }) => seq <= turn.seq) + 1;
    // A retry was told the same. A turn that Redis has lost since may have had the same place.
    if (turns.some(({ id }) => id === turn.id)) return;
    this.conversations.set(conversationId, {
      owner,
      turns: turns.toSpliced(place, 0, turn),
      keyring: mergeKeyrings(known.keyring, keyring),
      title: known.title ?? title,
      sinceMs: known.sinceMs,
    });
    this.characters += sizeOf(turn);
    for (const oldest of this.conversations.keys()) {
      if (this.characters <= MAX_CHARACTERS) return;
      this.forget(oldest);
    }
  }

  /** Redis may have lost what it holds: each of these turns is to be archived, whoever has its place by now. */
  doubt(): void {
    for (const { turns } of this.conversations.values()) {
      for (const { id } of turns) this.doubtful.add(id);
    }
  }

  /** Conversations with turns that Redis may have lost. */
  get doubtfulIds(): string[] {
    if (this.doubtful.size === 0) return [];
    const isDoubtful = ({ id }: AcceptedTurn) => this.doubtful.has(id);
    return this.conversationIds.filter((id) => this.of(id)!.turns.some(isDoubtful));
  }

  /** These very turns are archived, or dead letters: another turn in the place of one says nothing of it. */
  settle(conversationId: string, turns: readonly { readonly id: string }[]): void {
    const ids = new Set(turns.map(({ id }) => id));
    this.keep(conversationId, ({ id }) => !ids.has(id));
  }

  /** It is erased: its contents are nobody's any more. */
  forget(conversationId: string): void {
    this.keep(conversationId, () => false);
  }

  private keep(conversationId: string, isKept: (turn: AcceptedTurn) => boolean): void {
    const present = this.of(conversationId);
    if (!present) return;
    const turns: AcceptedTurn[] = [];
    for (const turn of present.turns) {
      if (isKept(turn)) {
        turns.push(turn);
      } else {
        this.characters -= sizeOf(turn);
        this.doubtful.delete(turn.id);
      }
    }
    if (turns.length === 0) this.conversations.delete(conversationId);
    else this.conversations.set(conversationId, { ...present, turns });
  }
}
